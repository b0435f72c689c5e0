"""State Status: one look at the provider."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lumeo.steps.status import status
from lumeo.telemetry import invocation


@invocation
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    del context
    return status(event["id"], event["run"])
