"""POST /v1/predictions/{id}/cancel: stop a prediction; one that has ended is answered as it is."""

from typing import TYPE_CHECKING, Any

from lumeo import api
from lumeo.routes import Answer, Request, Routes, answer
from lumeo.steps.cancel import cancel
from lumeo.telemetry import invocation
from lumeo.view import shown

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

routes = Routes()


@routes.to("POST /v1/predictions/{id}/cancel")
def stop(request: Request) -> Answer:
    return answer(200, shown(cancel(api.owned(request.parameters["id"], api.caller(request)))))


@invocation
def handler(event: dict[str, Any], context: "LambdaContext") -> Answer:
    del context
    return routes.answer(event)
