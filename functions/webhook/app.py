"""POST /v1/hooks/{provider}/{id}/{token}: a provider says that something happened to a prediction."""

from typing import TYPE_CHECKING, Any

from lumeo import api
from lumeo.routes import Answer, Request, Routes, answer
from lumeo.steps.webhook import webhook
from lumeo.telemetry import invocation

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

routes = Routes()


@routes.to("POST /v1/hooks/{provider}/{id}/{token}")
def called(request: Request) -> Answer:
    said = request.parameters
    webhook(said["provider"], said["id"], said["token"], request.headers, api.content(request))
    return answer(200, {})


@invocation
def handler(event: dict[str, Any], context: "LambdaContext") -> Answer:
    del context
    return routes.answer(event)
