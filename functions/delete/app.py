"""DELETE /v1/predictions/{id}: take away what a prediction was given and what it made."""

from typing import TYPE_CHECKING, Any

from lumeo import api
from lumeo.routes import Answer, Request, Routes, no_content
from lumeo.steps.delete import delete
from lumeo.telemetry import invocation

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

routes = Routes()


@routes.to("DELETE /v1/predictions/{id}")
def remove(request: Request) -> Answer:
    delete(api.owned(request.parameters["id"], api.caller(request)))
    return no_content()


@invocation
def handler(event: dict[str, Any], context: "LambdaContext") -> Answer:
    del context
    return routes.answer(event)
