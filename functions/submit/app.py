"""POST /v1/predictions and POST /v1/models/{owner}/{name}/predictions: accept a prediction, answer its first state."""

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
    return _create(None)


@app.post("/v1/models/<owner>/<name>/predictions")
def by_model(owner: str, name: str) -> Response[str]:
    return _create(f"{owner}/{name}")


def _create(model: str | None) -> Response[str]:
    wait = api.preferred_wait(app)
    request = Request(
        caller=api.caller(app),
        base_url=api.origin(app),
        path=app.current_event.path,
        body=api.body(app),
        model=model,
        key=api.idempotency_key(app),
        repeat=api.repeat(app),
        cancel_after=api.cancel_after(app),
    )
    prediction, replayed = submit(request)
    headers = api.preference_applied(wait) | api.replayed(again=replayed)
    return api.answer(201, created(held(prediction, api.hold(wait))), headers)


@invocation
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)
