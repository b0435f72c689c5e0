"""Models and their versions, through a cache."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from lumeo import api
from lumeo.steps.describe import model, version, versions
from lumeo.telemetry import invocation

app = api.resolver()


@app.get("/v1/models/<owner>/<name>")
def read(owner: str, name: str) -> Response[str]:
    api.caller(app)
    return api.answer(200, model(f"{owner}/{name}"))


@app.get("/v1/models/<owner>/<name>/versions")
def listing(owner: str, name: str) -> Response[str]:
    api.caller(app)
    return api.answer(200, versions(f"{owner}/{name}", api.query(app).get("cursor"), api.origin(app)))


@app.get("/v1/models/<owner>/<name>/versions/<version_id>")
def read_version(owner: str, name: str, version_id: str) -> Response[str]:
    api.caller(app)
    return api.answer(200, version(f"{owner}/{name}", version_id))


@invocation
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)
