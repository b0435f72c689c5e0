"""Files that callers hand in, to be named in inputs by their URLs."""

from typing import TYPE_CHECKING, Any

from lumeo import api, files, forms
from lumeo.routes import Answer, Request, Routes, answer, no_content, redirect
from lumeo.steps import upload
from lumeo.steps.admission import admit
from lumeo.telemetry import invocation

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

routes = Routes()


@routes.to("POST /v1/files")
def post(request: Request) -> Answer:
    caller = api.caller(request)
    admit(caller, "files")
    form = forms.parts(request.headers.get("content-type", ""), api.content(request))
    return answer(201, upload.shown(upload.post(caller, form), api.origin(request)))


@routes.to("POST /v1/files/uploads")
def grant(request: Request) -> Answer:
    caller = api.caller(request)
    admit(caller, "files")
    file, granted = upload.grant(caller, api.body(request))
    return answer(201, {**upload.shown(file, api.origin(request)), "upload": granted})


@routes.to("GET /v1/files")
def listing(request: Request) -> Answer:
    return answer(200, upload.page(api.caller(request), api.query(request).get("cursor"), api.origin(request)))


@routes.to("GET /v1/files/{id}")
def read(request: Request) -> Answer:
    return answer(200, upload.shown(upload.owned(request.parameters["id"], api.caller(request)), api.origin(request)))


@routes.to("GET /v1/files/{id}/download")
def download(request: Request) -> Answer:
    return redirect(upload.download_url(upload.owned(request.parameters["id"], api.caller(request))))


@routes.to("DELETE /v1/files/{id}")
def remove(request: Request) -> Answer:
    files.files().remove(upload.owned(request.parameters["id"], api.caller(request)))
    return no_content()


@invocation
def handler(event: dict[str, Any], context: "LambdaContext") -> Answer:
    del context
    return routes.answer(event)
