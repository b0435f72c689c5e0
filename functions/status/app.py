"""State Status: one look at the provider."""

from typing import TYPE_CHECKING, Any

from lumeo.steps.status import status
from lumeo.telemetry import invocation

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@invocation
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    del context
    return status(event["id"], event["run"])
