"""Replicate's JSON: predictions, models, versions."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from local.simulator import media
from local.simulator.models import OWNER, Model
from local.simulator.outputs import PICTURES, Output, OutputFile
from local.simulator.prediction import Prediction, State

PUBLISHED = datetime(2026, 1, 5, 10, tzinfo=UTC)
WEB = "https://replicate.com"
LEGACY_DRIFT = timedelta(milliseconds=31)


def stamp(moment: datetime, timespec: str = "microseconds") -> str:
    return moment.isoformat(timespec=timespec).replace("+00:00", "Z")


def prediction_json(
    prediction: Prediction, now: datetime, url: str, *, removed: bool = False, just_created: bool = False
) -> dict[str, Any]:
    """The prediction as a GET shows it. `removed`: its hour is over."""
    state = prediction.state(now)
    body = {
        "id": prediction.id,
        "model": prediction.script.shown_model or prediction.model,
        "version": prediction.script.shown_version or prediction.request.model.shown_version,
        "input": {} if removed else prediction.request.input,
        "logs": "" if removed else prediction.logs(now),
        "output": None if removed else output_json(prediction, now, url),
        "data_removed": removed,
        "error": prediction.script.error if prediction.delivered(now) else None,
        "source": "api",
        "status": state.status,
        "created_at": stamp(prediction.created, "milliseconds"),
        "urls": _urls(prediction, url),
        **_times(prediction, state),
        **_asked(prediction),
    }
    return _legacy(body, prediction, just_created=just_created) if prediction.script.legacy else body


def waited_json(prediction: Prediction, now: datetime, url: str) -> dict[str, Any]:
    """The answer to a create call that waited.

    It leaves before the books are done: a run that has succeeded still reads `processing`, with its output. A run that
    took too long reads `starting`, whatever it does.
    """
    body = prediction_json(prediction, now, url, just_created=True)
    state = prediction.state(now)
    if not state.over:
        late = {"status": "starting", "logs": "", "output": None}
        return {key: late.get(key, value) for key, value in body.items() if key != "started_at"}
    if state.status != "succeeded":
        return body
    return unbooked_json(body) | {"output": output_json(prediction, now, url, inline=True)}


def unbooked_json(body: dict[str, Any]) -> dict[str, Any]:
    """A run that has ended, in the moment before the books say so."""
    kept = {key: value for key, value in body.items() if key not in {"completed_at", "metrics"}}
    return kept | {"status": "processing", "error": None}


def ended_early_json(prediction: Prediction, now: datetime, url: str) -> dict[str, Any]:
    """The lie that a run which goes on has succeeded, with files that are not there."""
    output = _addressed(prediction, prediction.output, url) or [f"{url}/files/{prediction.id}/0.png"]
    end = {"status": "succeeded", "output": output}
    times = {"completed_at": stamp(now), "metrics": {"predict_time": 0.0, "total_time": prediction.age(now)}}
    return prediction_json(prediction, now, url) | end | times


def output_json(prediction: Prediction, now: datetime, url: str, *, inline: bool = False) -> Any:
    """The output with its files as URLs; `inline`: as `data:` URLs, except `.bin` files, which may be of any size."""
    return _addressed(prediction, prediction.output_at(now), url, inline=inline)


def _addressed(prediction: Prediction, output: Output, url: str, *, inline: bool = False) -> Any:
    def address(file: OutputFile) -> str:
        if file.inline or (inline and file.kind != "bytes" and file.phrase == "{}"):
            return data_url(prediction, file)
        return f"{url}/files/{prediction.id}/{file.name}"

    return output.shown(address)


def data_url(prediction: Prediction, file: OutputFile) -> str:
    content = media.content_of(prediction, file)
    encoded = base64.b64encode(b"".join(content.read(0, content.size))).decode()
    return f"data:{content.content_type.replace(' ', '')};base64,{encoded}"


def _urls(prediction: Prediction, url: str) -> dict[str, str]:
    get = f"{url}/v1/predictions/{prediction.id}"
    return {"cancel": f"{get}/cancel", "get": get, "web": f"{WEB}/p/{prediction.id}"}


def _times(prediction: Prediction, state: State) -> dict[str, Any]:
    times: dict[str, Any] = {}
    if state.started is not None:
        times["started_at"] = stamp(prediction.at(state.started))
    if state.ended is not None:
        times["completed_at"] = stamp(prediction.at(state.ended))
    if state.started is not None and state.ended is not None:
        times["metrics"] = {"predict_time": round(state.ended - state.started, 6), "total_time": round(state.ended, 6)}
        pictures = sum(file.kind in PICTURES for file in prediction.output.files)
        if pictures and state.status == "succeeded":
            times["metrics"]["image_count"] = pictures
    return times


def _asked(prediction: Prediction) -> dict[str, Any]:
    request = prediction.request
    asked: dict[str, Any] = {
        "deployment": request.deployment,
        "webhook": request.webhook,
        "webhook_events_filter": request.webhook_events_filter,
    }
    if request.cancel_after != float("inf"):
        asked["deadline"] = stamp(prediction.at(request.cancel_after), "milliseconds")
    return {key: value for key, value in asked.items() if value is not None}


def _legacy(body: dict[str, Any], prediction: Prediction, *, just_created: bool) -> dict[str, Any]:
    del body["output"], body["data_removed"], body["urls"]["web"]
    if just_created:
        body["created_at"] = stamp(prediction.created + LEGACY_DRIFT, "milliseconds")
    return body


def model_json(model: Model, runs: int) -> dict[str, Any]:
    return {
        "url": f"{WEB}/{model.full_name}",
        "owner": OWNER,
        "name": model.name,
        "description": model.description,
        "visibility": "public",
        "github_url": None,
        "paper_url": None,
        "license_url": None,
        "run_count": runs,
        "cover_image_url": None,
        "default_example": None,
        "latest_version": version_json(model),
        "is_official": model.official,
    }


def version_json(model: Model) -> dict[str, Any]:
    return {
        "id": model.version,
        "created_at": stamp(PUBLISHED + timedelta(hours=model.serial)),
        "cog_version": "0.16.0",
        "openapi_schema": {
            "openapi": "3.0.2",
            "info": {"title": "Cog", "version": "0.1.0"},
            "paths": {},
            "components": {
                "schemas": {"Input": model.input_schema, "Output": {"title": "Output", **model.output_schema}}
            },
        },
    }
