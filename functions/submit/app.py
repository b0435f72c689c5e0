"""The ways to create a prediction: accept it, answer its first state."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from lumeo import api
from lumeo.steps.submit import Request, held, submit
from lumeo.telemetry import invocation
from lumeo.view import created

app = api.resolver()


@app.post("/v1/predictions")
def by_version() -> Response[str]:
    return _create()


@app.post("/v1/models/<owner>/<name>/predictions")
def by_model(owner: str, name: str) -> Response[str]:
    return _create(model=f"{owner}/{name}")


@app.post("/v1/deployments/<owner>/<name>/predictions")
def by_deployment(owner: str, name: str) -> Response[str]:
    return _create(deployment=f"{owner}/{name}")


@app.post("/v1/predictions/<prediction_id>/rerun")
def rerun(prediction_id: str) -> Response[str]:
    return _create(rerun_of=api.owned(prediction_id, api.caller(app)))


def _create(**named: Any) -> Response[str]:
    wait = api.preferred_wait(app)
    # A rerun need not say anything.
    silent = "rerun_of" in named and not app.current_event.body
    request = Request(
        caller=api.caller(app),
        base_url=api.origin(app),
        path=app.current_event.path,
        body={} if silent else api.body(app),
        key=api.idempotency_key(app),
        repeat=api.repeat(app),
        cancel_after=api.cancel_after(app),
        **named,
    )
    prediction, replayed = submit(request)
    shown = created(held(prediction, api.hold(wait)))
    headers = {"Location": shown["urls"]["get"]} | api.preference_applied(wait) | api.replayed(again=replayed)
    return api.answer(201, shown, headers)


@invocation
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)
