"""DELETE /v1/predictions/{id}: take away what a prediction was given and what it made."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from lumeo import api
from lumeo.steps.delete import delete
from lumeo.telemetry import invocation

app = api.resolver()


@app.delete("/v1/predictions/<prediction_id>")
def remove(prediction_id: str) -> Response[str]:
    delete(api.owned(prediction_id, api.caller(app)))
    return api.no_content()


@invocation
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)
