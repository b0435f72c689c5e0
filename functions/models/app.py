"""Models and their versions, through a cache."""

from typing import TYPE_CHECKING, Any

from lumeo import api
from lumeo.routes import Answer, Request, Routes, answer
from lumeo.steps.describe import model, models_offered, version, versions
from lumeo.telemetry import invocation

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

routes = Routes()


@routes.to("GET /v1/models")
def offered(request: Request) -> Answer:
    api.caller(request)
    return answer(200, models_offered(api.origin(request)))


@routes.to("GET /v1/models/{owner}/{name}")
def read(request: Request) -> Answer:
    api.caller(request)
    return answer(200, model(request.named))


@routes.to("GET /v1/models/{owner}/{name}/versions")
def listing(request: Request) -> Answer:
    api.caller(request)
    return answer(200, versions(request.named, api.query(request).get("cursor"), api.origin(request)))


@routes.to("GET /v1/models/{owner}/{name}/versions/{id}")
def read_version(request: Request) -> Answer:
    api.caller(request)
    return answer(200, version(request.named, request.parameters["id"]))


@invocation
def handler(event: dict[str, Any], context: "LambdaContext") -> Answer:
    del context
    return routes.answer(event)
