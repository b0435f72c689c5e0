"""Files that callers hand in, to be named in inputs by their URLs."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from lumeo import api, files, forms
from lumeo.steps import upload
from lumeo.steps.admission import admit
from lumeo.telemetry import invocation

app = api.resolver()


@app.post("/v1/files")
def post() -> Response[str]:
    caller = api.caller(app)
    admit(caller, "files")
    form = forms.parts(api.headers(app).get("content-type", ""), api.content(app))
    return api.answer(201, upload.shown(upload.post(caller, form), api.origin(app)))


@app.post("/v1/files/uploads")
def grant() -> Response[str]:
    caller = api.caller(app)
    admit(caller, "files")
    file, granted = upload.grant(caller, api.body(app))
    return api.answer(201, {**upload.shown(file, api.origin(app)), "upload": granted})


@app.get("/v1/files")
def listing() -> Response[str]:
    return api.answer(200, upload.page(api.caller(app), api.query(app).get("cursor"), api.origin(app)))


@app.get("/v1/files/<file_id>")
def read(file_id: str) -> Response[str]:
    return api.answer(200, upload.shown(upload.owned(file_id, api.caller(app)), api.origin(app)))


@app.get("/v1/files/<file_id>/download")
def download(file_id: str) -> Response[str]:
    return api.redirect(upload.download_url(upload.owned(file_id, api.caller(app))))


@app.delete("/v1/files/<file_id>")
def remove(file_id: str) -> Response[str]:
    files.files().remove(upload.owned(file_id, api.caller(app)))
    return api.no_content()


@invocation
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)
