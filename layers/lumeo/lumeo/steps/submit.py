"""Accept a prediction: check it, write the record, start its run. Talks to no provider."""

import math
import re
import secrets
from dataclasses import dataclass
from typing import Any

from lumeo import api, clock, documents, ids, runs, settings
from lumeo.errors import ApiError
from lumeo.prediction import Phase, Prediction
from lumeo.providers import provider
from lumeo.rates import Rate, clocks
from lumeo.redaction import redacted
from lumeo.repeats import fingerprint, repeats
from lumeo.store import DUE_SHARDS, due, store
from lumeo.telemetry import about, count

PROVIDER = "replicate"
LOOK_SECONDS = 0.25
"""Between two reads of the record while an answer is held; grows to one second."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*(:[A-Za-z0-9._-]+)?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A create call: `model` (`owner/name`) if the path names one; `key` and `repeat` as `lumeo.api` reads them."""

    caller: str
    base_url: str
    path: str
    body: dict[str, Any]
    model: str | None = None
    key: str | None = None
    repeat: int | None = None
    cancel_after: int | None = None


def submit(request: Request) -> tuple[Prediction, bool]:
    """What a create call asks for: a new prediction, or, and then True, the one that its first try made.

    Raises ApiError 422 for what is missing or of the wrong type, 404 for a name that is none, 429 for too many. Fields
    that nobody knows are accepted and not passed on: official clients send some.
    """
    if request.model and not (all(map(_NAME.fullmatch, request.model.split("/"))) and _no_token(request.model)):
        raise ApiError(404, *api.NOT_FOUND)
    _check(request.body, request.body.get("version"), needs_version=request.model is None)
    asked = fingerprint("POST", request.path, request.body)
    first = _first(request, asked)
    if first:
        return first, True
    _take_room(request.caller)
    prediction = _made(request)
    about(prediction.id)
    naming = repeats().naming(request.caller, request.key, asked, prediction.id) if request.key else None
    if request.repeat is not None and not request.key:
        repeats().note(request.caller, asked, prediction.id, request.repeat)
    if not store().accept(prediction, naming):
        raced = _first(request, asked)
        if raced is None:
            raise RuntimeError("neither the prediction nor the one that its key names is there")
        return raced, True
    count("Accepted", prediction.provider)
    runs.start(prediction.id, prediction.run)
    return prediction, False


def _first(request: Request, asked: str) -> Prediction | None:
    """What an earlier try of the same request made."""
    made = None
    if request.key:
        made = repeats().named(request.caller, request.key, asked)
    elif request.repeat:
        made = repeats().claim(request.caller, asked, request.repeat)
    first = store().get(made) if made else None
    if request.key and made and first is None:
        raise ApiError(410, "Gone", "What this Idempotency-Key made is kept no more: take a new one.")
    return first


def _take_room(caller: str) -> None:
    """Raises ApiError 429 if the caller creates too many."""
    per_minute = settings.caller_creates_per_minute()
    seconds = clocks().take(f"rate#{caller}", Rate(per_minute, burst=max(1, per_minute // 6)))
    if seconds:
        wait = math.ceil(seconds)
        detail = f"Request was throttled. Your rate limit of {per_minute} predictions a minute resets in ~{wait}s."
        raise ApiError(429, "Too many requests", detail, retry_after=wait)


def _made(request: Request) -> Prediction:
    now, prediction_id = clock.stamp(), ids.new()
    longest = provider(PROVIDER).polling.deadline
    shorter = request.cancel_after is not None and request.cancel_after < longest
    seconds = request.cancel_after if shorter and request.cancel_after else longest
    return Prediction(
        id=prediction_id,
        caller=request.caller,
        created_at=now,
        provider=PROVIDER,
        model=request.model,
        version=None if request.model else request.body["version"],
        input=documents.keep(prediction_id, "input", request.body["input"]),
        base_url=request.base_url,
        outputs_id=secrets.token_hex(16),
        deadline=clock.later(seconds, now),
        deadline_by="caller" if shorter else "default",
        run=prediction_id,
        due_shard=secrets.randbelow(DUE_SHARDS),
        due_at=due(0),
        timeline={"accepted": now},
    )


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
    elif needs_version and not (_VERSION.fullmatch(version) and len(version) <= 256 and _no_token(version)):
        wrong.append(("pattern", "version", "Expected a version's hash, owner/name, or owner/name:hash"))
    if "input" not in body:
        wrong.append(("required", "", "input is required"))
    elif not isinstance(body["input"], dict):
        wrong.append(("invalid_type", "input", f"Invalid type. Expected: object, given: {_type(body['input'])}"))
    if wrong:
        raise api.invalid(*wrong)


def _no_token(text: str) -> bool:
    """It will be seen in records and histories: whoever pastes a token there must not find it there again."""
    return redacted(text) == text


def _type(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")
