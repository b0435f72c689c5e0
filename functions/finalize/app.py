"""State Finalize: stores the outputs and writes the terminal status."""

from typing import TYPE_CHECKING, Any

from lumeo.steps.finalize import finalize
from lumeo.telemetry import invocation

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

LAST_WRITES_SECONDS = 60


@invocation
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return finalize(event["id"], event["run"], context.get_remaining_time_in_millis() / 1000 - LAST_WRITES_SECONDS)
