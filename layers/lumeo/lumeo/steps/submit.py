"""Accept a prediction: check it, write the record, start its run. Talks to no provider."""

import re
import secrets
from typing import Any

from lumeo import api, clock, documents, ids, runs
from lumeo.errors import ApiError
from lumeo.prediction import Phase, Prediction
from lumeo.providers import provider
from lumeo.store import DUE_SHARDS, due, store
from lumeo.telemetry import about, count

PROVIDER = "replicate"
LOOK_SECONDS = 0.25
"""Between two reads of the record while an answer is held; grows to one second."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*(:[A-Za-z0-9._-]+)?)?")


def submit(caller: str, base_url: str, body: dict[str, Any], model: str | None = None) -> Prediction:
    """Accept what a create call's body asks for, of `model` (`owner/name`) if the path names one.

    Raises ApiError 422 for what is missing or of the wrong type, 404 for a name that is none. Fields that nobody knows
    are accepted and not passed on: official clients send some.
    """
    if model and not all(_NAME.fullmatch(part) for part in model.split("/")):
        raise ApiError(404, *api.NOT_FOUND)
    version = None if model else body.get("version")
    _check(body, version, needs_version=model is None)
    prediction_id = ids.new()
    about(prediction_id)
    prediction = Prediction(
        id=prediction_id,
        caller=caller,
        created_at=(now := clock.stamp()),
        provider=PROVIDER,
        model=model,
        version=version,
        input=documents.keep(prediction_id, "input", body["input"]),
        base_url=base_url,
        outputs_id=secrets.token_hex(16),
        deadline=clock.later(provider(PROVIDER).polling.deadline, now),
        run=prediction_id,
        due_shard=secrets.randbelow(DUE_SHARDS),
        due_at=due(0),
        timeline={"accepted": now},
    )
    store().accept(prediction)
    count("Accepted", PROVIDER)
    runs.start(prediction.id, prediction.run)
    return prediction


def held(prediction: Prediction, seconds: float) -> Prediction:
    """The prediction when it is over, or as it is after that many seconds."""
    end, pause = clock.now().timestamp() + seconds, LOOK_SECONDS
    while prediction.phase is not Phase.DONE and clock.now().timestamp() + pause < end:
        clock.sleep(pause)
        pause = min(1.0, pause * 1.5)
        prediction = store().get(prediction.id) or prediction
    return prediction


def _check(body: dict[str, Any], version: Any, *, needs_version: bool) -> None:
    wrong = []
    if needs_version and "version" not in body:
        wrong.append(("required", "", "version is required"))
    elif needs_version and not isinstance(version, str):
        wrong.append(("invalid_type", "version", f"Invalid type. Expected: string, given: {_type(version)}"))
    elif needs_version and not (_VERSION.fullmatch(version) and len(version) <= 256):
        wrong.append(("pattern", "version", "Expected a version's hash, owner/name, or owner/name:hash"))
    if "input" not in body:
        wrong.append(("required", "", "input is required"))
    elif not isinstance(body["input"], dict):
        wrong.append(("invalid_type", "input", f"Invalid type. Expected: object, given: {_type(body['input'])}"))
    if wrong:
        raise api.invalid(*wrong)


def _type(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")
