"""GET /v1/predictions and GET /v1/predictions/{id}, from the table alone; and the 404 of every path that is none."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from lumeo import api
from lumeo.listing import page
from lumeo.telemetry import invocation
from lumeo.view import shown

app = api.resolver()


@app.get("/v1/predictions/<prediction_id>")
def read(prediction_id: str) -> Response[str]:
    return api.answer(200, shown(api.owned(prediction_id, api.caller(app))))


@app.get("/v1/predictions")
def listing() -> Response[str]:
    cursor = app.current_event.query_string_parameters.get("cursor")
    return api.answer(200, page(api.caller(app), cursor, api.origin(app)))


@invocation
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)
