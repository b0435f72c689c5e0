"""State Announce: tells a caller of the end. And, by an event, of what is new before it."""

from typing import TYPE_CHECKING, Any

from lumeo.steps.announce import announce, notify
from lumeo.telemetry import invocation

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@invocation
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    del context
    if "event" in event:
        notify(event["id"], event["event"], event["n"])
        return {}
    return announce(event["id"], event["run"])
