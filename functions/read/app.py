"""What is read from the table alone; the API's own description; and the 404 of every path that is none."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from lumeo import api, credentials, signatures
from lumeo.listing import page
from lumeo.telemetry import invocation
from lumeo.view import shown

app = api.resolver()


@app.get("/v1/predictions/<prediction_id>")
def read(prediction_id: str) -> Response[str]:
    return api.answer(200, shown(api.owned(prediction_id, api.caller(app))))


@app.get("/v1/predictions/<prediction_id>/items")
def items(prediction_id: str) -> Response[str]:
    # Only who asks for items loads what reads declarations.
    from lumeo.batches import page as items_of  # noqa: PLC0415

    prediction = api.owned(prediction_id, api.caller(app))
    return api.answer(200, items_of(prediction, api.query(app).get("cursor"), api.origin(app)))


@app.get("/v1/predictions")
def listing() -> Response[str]:
    return api.answer(200, page(api.caller(app), api.query(app), api.origin(app)))


@app.get("/v1/webhooks/default/secret")
def secret() -> Response[str]:
    return api.answer(200, {"key": signatures.caller_secret(credentials.master(), api.caller(app))})


@app.get("/v1/openapi.json")
def openapi() -> Response[str]:
    return api.answer(200, api.description(api.origin(app)))


@invocation
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)
