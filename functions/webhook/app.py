"""POST /v1/hooks/{provider}/{id}/{token}: a provider says that something happened to a prediction."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from lumeo import api
from lumeo.steps.webhook import webhook
from lumeo.telemetry import invocation

app = api.resolver()


@app.post("/v1/hooks/<provider>/<prediction_id>/<token>")
def called(provider: str, prediction_id: str, token: str) -> Response[str]:
    webhook(provider, prediction_id, token, api.headers(app), api.content(app))
    return api.answer(200, {})


@invocation
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)
