"""State Finalize: stores the outputs and writes the terminal status."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lumeo.steps.finalize import finalize
from lumeo.telemetry import invocation

LAST_WRITES_SECONDS = 60


@invocation
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return finalize(event["id"], event["run"], context.get_remaining_time_in_millis() / 1000 - LAST_WRITES_SECONDS)
