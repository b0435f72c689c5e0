"""POST /v1/predictions/{id}/cancel: stop a prediction; one that has ended is answered as it is."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from lumeo import api
from lumeo.steps.cancel import cancel
from lumeo.telemetry import invocation
from lumeo.view import shown

app = api.resolver()


@app.post("/v1/predictions/<prediction_id>/cancel")
def stop(prediction_id: str) -> Response[str]:
    return api.answer(200, shown(cancel(api.owned(prediction_id, api.caller(app)))))


@invocation
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)
