"""A Modal app that the provider `modal` can use: put your work into `generate`, and `modal deploy` this file.

Its URL is the account's `base_url`, a proxy auth token of your workspace the account's `key` and `secret`.

POST /submit             200 {"call_id"}; the body is the input of the prediction
GET  /result/{call_id}   202 while it waits or runs, 200 with what `generate` returned, 500 with {"error"} if it raised,
                         and with "canceled" if it was stopped, 404 a week after its end, 503 while Modal does not say
POST /cancel/{call_id}   202
"""

from typing import Any

import modal

MEDIA_TYPE = "image/png"
"""What `generate` makes, if it returns bytes."""

app = modal.App("lumeo-reference")
image = modal.Image.debian_slim(python_version="3.13").uv_pip_install("fastapi>=0.115")
canceled = modal.Dict.from_name("lumeo-reference-canceled", create_if_missing=True)


def generate(given: dict[str, Any]) -> Any:
    """Your work. What it returns is the output: JSON, or the bytes of one file."""
    return {"text": f"You asked for {given.get('prompt')}"}


@app.function(image=image, timeout=3600)  # and gpu="L40S", say
def run(given: dict[str, Any]) -> Any:
    try:
        return generate(given)
    except TimeoutError as error:
        # Out of FunctionCall.get it would look as if the call still ran.
        raise RuntimeError(f"TimeoutError: {error}") from error


def answer(outcome: Any, error: Exception | None = None) -> tuple[int, Any]:
    """The HTTP status and the body for what FunctionCall.get returned or raised."""
    if error is None:
        return 200, outcome
    said = {"error": f"{type(error).__name__}: {error}"}
    # Before what is not there yet: in some versions of Modal it is a TimeoutError too.
    if isinstance(error, modal.exception.OutputExpiredError | modal.exception.NotFoundError):
        return 404, said
    if isinstance(error, TimeoutError) and not isinstance(error, modal.exception.Error):
        return 202, None
    # Modal could not be asked: the call may run well.
    if isinstance(error, modal.exception.ConnectionError | modal.exception.ServiceError):
        return 503, said
    return 500, said


@app.function(image=image)
@modal.concurrent(max_inputs=100)
@modal.asgi_app(requires_proxy_auth=True)
def api() -> Any:
    from fastapi import FastAPI  # noqa: PLC0415 (it is in the image)
    from fastapi.responses import JSONResponse, Response  # noqa: PLC0415

    web = FastAPI()

    @web.post("/submit")
    def submit(given: dict[str, Any]) -> dict[str, str]:
        return {"call_id": run.spawn(given).object_id}

    @web.get("/result/{call_id}")
    def result(call_id: str) -> Response:
        try:
            status, body = answer(modal.FunctionCall.from_id(call_id).get(timeout=0))
        except Exception as error:  # noqa: BLE001 (whatever `generate` raises)
            status, body = answer(None, error)
        if isinstance(body, bytes):
            return Response(body, status, media_type=MEDIA_TYPE)
        if status == 500 and call_id in canceled:
            body["canceled"] = True
        return JSONResponse(body, status)

    @web.post("/cancel/{call_id}", status_code=202)
    def cancel(call_id: str) -> dict[str, bool]:
        canceled[call_id] = True
        modal.FunctionCall.from_id(call_id).cancel()
        return {"canceled": True}

    return web
