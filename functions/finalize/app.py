"""State Finalize: stores the outputs and writes the terminal status."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lumeo.steps.finalize import finalize
from lumeo.telemetry import invocation


@invocation
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    del context
    return finalize(event["id"], event["run"])
