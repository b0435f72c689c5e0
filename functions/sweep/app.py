"""Every minute: carries on what is overdue. And at once, when Step Functions says that a run failed or was stopped."""

from typing import TYPE_CHECKING, Any

from lumeo.steps.sweep import ended, sweep
from lumeo.telemetry import invocation

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@invocation
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    del context
    if event.get("source") == "aws.states":
        ended(event["detail"]["name"])
        return {}
    return {"overdue": sweep()}
