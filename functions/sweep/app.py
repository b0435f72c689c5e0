"""Every minute: starts what never started."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lumeo.steps.sweep import sweep
from lumeo.telemetry import invocation


@invocation
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    del event, context
    return {"overdue": sweep()}
