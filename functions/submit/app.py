"""The ways to create a prediction: accept it, answer its first state."""

from typing import TYPE_CHECKING, Any

from lumeo import api
from lumeo.routes import Answer, Request, Routes, answer
from lumeo.steps import submit
from lumeo.telemetry import invocation
from lumeo.view import created

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

routes = Routes()


@routes.to("POST /v1/predictions")
def by_version(request: Request) -> Answer:
    return _create(request)


@routes.to("POST /v1/models/{owner}/{name}/predictions")
def by_model(request: Request) -> Answer:
    return _create(request, model=request.named)


@routes.to("POST /v1/deployments/{owner}/{name}/predictions")
def by_deployment(request: Request) -> Answer:
    return _create(request, deployment=request.named)


@routes.to("POST /v1/predictions/{id}/rerun")
def rerun(request: Request) -> Answer:
    return _create(request, rerun_of=api.owned(request.parameters["id"], api.caller(request)))


def _create(request: Request, **named: Any) -> Answer:
    wait = api.preferred_wait(request)
    # A rerun need not say anything.
    silent = "rerun_of" in named and not request.body
    asked = submit.Request(
        caller=api.caller(request),
        base_url=api.origin(request),
        path=request.path,
        body={} if silent else api.body(request),
        key=api.idempotency_key(request),
        repeat=api.repeat(request),
        cancel_after=api.cancel_after(request),
        **named,
    )
    prediction, replayed = submit.submit(asked)
    shown = created(submit.held(prediction, api.hold(wait)))
    headers = {"Location": shown["urls"]["get"]} | api.preference_applied(wait) | api.replayed(again=replayed)
    return answer(201, shown, headers)


@invocation
def handler(event: dict[str, Any], context: "LambdaContext") -> Answer:
    del context
    return routes.answer(event)
