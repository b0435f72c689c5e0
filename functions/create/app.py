"""State Create: submits the prediction to its provider, once."""

from typing import TYPE_CHECKING, Any

from lumeo.steps.create import create
from lumeo.telemetry import invocation

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@invocation
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    del context
    return create(event["id"], event["run"])
