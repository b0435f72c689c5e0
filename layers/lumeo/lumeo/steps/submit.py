"""Accept a prediction: check it, write the record, start its run. Talks to no provider."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from lumeo import announcing, api, artifacts, clock, documents, ids, runs, settings
from lumeo.announcing import EVENTS
from lumeo.errors import ApiError
from lumeo.faults import mistyped
from lumeo.file_urls import named, url
from lumeo.metrics import Metric, measure
from lumeo.offered import DEFAULT, is_known, known
from lumeo.prediction import Phase, Prediction, Subscriber
from lumeo.redaction import redacted
from lumeo.repeats import fingerprint, repeats
from lumeo.steps import target
from lumeo.steps.admission import admit
from lumeo.steps.target import Target
from lumeo.store import DUE_SHARDS, due, store
from lumeo.telemetry import about

MOST_FILES = 50
"""Files that one input may name."""
_FIELDS: Mapping[str, tuple[type, str]] = {"model": (str, "string"), "options": (dict, "object")}
"""What a request may say beside the input to a provider that is a declaration."""
LOOK_SECONDS = 0.25
"""Between two reads of the record while an answer is held; grows to one second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A create call: `model` or `deployment` (`owner/name`) if the path names one, `rerun_of` if it names a prediction.

    `key` and `repeat` as `lumeo.api` reads them.
    """

    caller: str
    base_url: str
    path: str
    body: dict[str, Any]
    model: str | None = None
    deployment: str | None = None
    rerun_of: Prediction | None = None
    key: str | None = None
    repeat: int | None = None
    cancel_after: int | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a prediction that was accepted at `since` must be over, and who says so."""

    since: str
    at: str
    by: Literal["default", "caller"]


def submit(request: Request) -> tuple[Prediction, bool]:
    """What a create call asks for: a new prediction, or, and then True, the one that its first try made.

    Raises ApiError 422 for what is missing, of the wrong type, or not what the model takes, 404 for a name that is
    none, 409 for a rerun of what was deleted, 429 for too many. Fields that nobody knows are accepted and not passed
    on: official clients send some.
    """
    asked = fingerprint("POST", request.path, request.body)
    first = _first(request, asked)
    if first:
        about(first.id)
        return first, True
    wanted, given = _asked(request)
    subscriber = _subscriber(request.body)
    given = {**wanted.defaults, **given}
    target.check_input(wanted, given)
    deadline = _deadline(request, wanted)
    admit(request.caller)
    _check_files(request, given, deadline.at)
    prediction = replace(_made(request, wanted, given, deadline), subscriber=subscriber)
    about(prediction.id)
    naming = repeats().naming(request.caller, request.key, asked, prediction.id) if request.key else None
    if request.repeat is not None and not request.key:
        repeats().note(request.caller, asked, prediction.id, request.repeat)
    if not store().accept(prediction, naming):
        raced = _first(request, asked)
        if raced is None:
            raise RuntimeError("neither the prediction nor the one that its key names is there")
        return raced, True
    measure(prediction, {Metric.ACCEPTED: 1})
    runs.start(prediction.id, prediction.run)
    return prediction, False


def _asked(request: Request) -> tuple[Target, dict[str, Any]]:
    """What is to be run, and the input that came with it."""
    old, named = request.rerun_of, _provider(request)
    if old:
        if old.removed_at:
            raise ApiError(409, "Conflict", "This prediction was deleted: its input is not there any more.")
        return _again(old), _moved(documents.value(old.input), old.base_url, request.base_url)
    if request.model:
        found = target.by_model(DEFAULT, request.model)
    elif request.deployment:
        found = target.by_deployment(request.deployment)
    else:
        found = None
    _check(request.body, needs_version=found is None and named == DEFAULT)
    if named != DEFAULT:
        found = target.by_provider(named, request.body.get("model"), request.body.get("options") or {})
    return found or target.by_version(DEFAULT, request.body["version"]), request.body["input"]


def _provider(request: Request) -> str:
    """Whom the request names. Raises ApiError 422 for who is not known, and where the path is Replicate's alone."""
    found = request.body.get("provider", DEFAULT)
    if not isinstance(found, str):
        raise api.invalid(mistyped("provider", "string", found))
    if not is_known(found):
        names = ", ".join(f'"{name}"' for name in known())
        raise api.invalid(("enum", "provider", f"provider must be one of the following: {names}"))
    if found == DEFAULT:
        return found
    if request.model or request.deployment or request.rerun_of:
        raise api.invalid(("enum", "provider", f"{found} goes to POST /v1/predictions"))
    wrong = [
        mistyped(field, expected, request.body[field])
        for field, (kind, expected) in _FIELDS.items()
        if request.body.get(field) is not None and not isinstance(request.body[field], kind)
    ]
    if "version" in request.body:
        wrong.append(("additional_property_not_allowed", "version", f"{found} has no versions"))
    if wrong:
        raise api.invalid(*wrong)
    return found


def _again(old: Prediction) -> Target:
    """The same question once more: a name may mean another version by now."""
    if old.provider != DEFAULT:
        return target.by_provider(old.provider, old.model, old.options)
    if old.deployment:
        return target.by_deployment(old.deployment)
    return target.by_model(DEFAULT, old.model) if old.model else target.by_version(DEFAULT, str(old.version))


def _moved(given: Any, before: str, now: str) -> Any:
    """An input whose files are named as by somebody who came by another name of ours."""
    return artifacts.replace(given, {pointer: url(now, file_id) for pointer, file_id in named(given, before).items()})


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


def _deadline(request: Request, wanted: Target) -> Deadline:
    now, asked = clock.stamp(), request.cancel_after
    if asked is not None and asked < wanted.deadline:
        return Deadline(now, clock.later(asked, now), "caller")
    return Deadline(now, clock.later(wanted.deadline, now), "default")


def _made(request: Request, wanted: Target, given: Any, deadline: Deadline) -> Prediction:
    prediction_id = ids.new()
    return Prediction(
        id=prediction_id,
        caller=request.caller,
        created_at=deadline.since,
        provider=wanted.provider,
        model=wanted.model,
        version=wanted.version,
        deployment=wanted.deployment,
        options=wanted.options,
        latest=wanted.latest,
        rerun_of=request.rerun_of.id if request.rerun_of else None,
        input=documents.keep(prediction_id, "input", given),
        base_url=request.base_url,
        outputs_id=secrets.token_hex(16),
        deadline=deadline.at,
        deadline_by=deadline.by,
        run=prediction_id,
        due_shard=secrets.randbelow(DUE_SHARDS),
        due_at=due(0),
        timeline={"accepted": deadline.since},
    )


def held(prediction: Prediction, seconds: float) -> Prediction:
    """The prediction when it is over, or as it is after that many seconds."""
    end, pause = clock.now().timestamp() + seconds, LOOK_SECONDS
    while prediction.phase is not Phase.DONE and clock.now().timestamp() + pause < end:
        clock.sleep(pause)
        pause = min(1.0, pause * 1.5)
        prediction = store().get(prediction.id) or prediction
    return prediction


def _check(body: Mapping[str, Any], *, needs_version: bool) -> None:
    wrong = []
    if needs_version and "version" not in body:
        wrong.append(("required", "", "version is required"))
    elif needs_version and not isinstance(body["version"], str):
        wrong.append(mistyped("version", "string", body["version"]))
    if "input" not in body:
        wrong.append(("required", "", "input is required"))
    elif not isinstance(body["input"], dict):
        wrong.append(mistyped("input", "object", body["input"]))
    if wrong:
        raise api.invalid(*wrong)


def _subscriber(body: Mapping[str, Any]) -> Subscriber | None:
    """Where the caller wants to be told. Raises ApiError 422 for a place or an event that is none."""
    place, events = body.get("webhook"), body.get("webhook_events_filter")
    if place is not None and not isinstance(place, str):
        raise api.invalid(mistyped("webhook", "string", place))
    if events is not None and not isinstance(events, list):
        raise api.invalid(mistyped("webhook_events_filter", "array", events))
    for n, event in enumerate(events or []):
        if event not in EVENTS:
            field, known = f"webhook_events_filter.{n}", ", ".join(f'"{word}"' for word in EVENTS)
            raise api.invalid(("enum", field, f"{field} must be one of the following: {known}"))
    if not place:
        return None
    wrong = announcing.fault(place, settings.webhook_origins())
    if redacted(place) != place:
        wrong = "Expected a URL without a token: it is shown with the prediction"
    if wrong:
        raise api.invalid(("format", "webhook", wrong))
    return Subscriber(place, tuple(event for event in EVENTS if event in (events or EVENTS)))


def _check_files(request: Request, given: Any, deadline: str) -> None:
    """Raises ApiError 422 for a file of ours that is not the caller's, not there, or not until the deadline."""
    found = {file_id: pointer for pointer, file_id in named(given, request.base_url).items()}
    if not found:
        return
    # Most inputs name none: those load nothing that reads files.
    from lumeo.files import arrived, files  # noqa: PLC0415

    if len(found) > MOST_FILES:
        raise api.invalid(("array_max_items", "input", f"Expected at most {MOST_FILES} files"))
    for file_id, pointer in found.items():
        file = files().get(file_id, request.caller)
        field = f"input{pointer.replace('/', '.')}"
        if file is None or clock.moment(file.expires_at) < clock.parse(deadline):
            raise api.invalid(("format", field, "This file is not there, or not for long enough"))
        if arrived(file).awaited:
            raise api.invalid(("format", field, "This file has not been uploaded yet"))
