"""What is read from the table alone; the API's own description; and the 404 of every path that is none."""

from typing import TYPE_CHECKING, Any

from lumeo import api, credentials, signatures
from lumeo.listing import page
from lumeo.routes import Answer, Request, Routes, answer
from lumeo.telemetry import invocation
from lumeo.view import shown

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

routes = Routes()


@routes.to("GET /v1/predictions/{id}")
def read(request: Request) -> Answer:
    return answer(200, shown(api.owned(request.parameters["id"], api.caller(request))))


@routes.to("GET /v1/predictions/{id}/items")
def items(request: Request) -> Answer:
    # Only who asks for items loads what reads declarations.
    from lumeo.batches import page as items_of  # noqa: PLC0415

    prediction = api.owned(request.parameters["id"], api.caller(request))
    return answer(200, items_of(prediction, api.query(request).get("cursor"), api.origin(request)))


@routes.to("GET /v1/predictions")
def listing(request: Request) -> Answer:
    return answer(200, page(api.caller(request), api.query(request), api.origin(request)))


@routes.to("GET /v1/webhooks/default/secret")
def secret(request: Request) -> Answer:
    return answer(200, {"key": signatures.caller_secret(credentials.master(), api.caller(request))})


@routes.to("GET /v1/openapi.json")
def openapi(request: Request) -> Answer:
    return answer(200, api.description(api.origin(request)))


@invocation
def handler(event: dict[str, Any], context: "LambdaContext") -> Answer:
    del context
    return routes.answer(event)
