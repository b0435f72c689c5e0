"""Whether the providers' own SDKs read the fixtures: a program for the environment in which they are installed.

`python sdks.py <fixtures.json` takes fixtures by their names, and writes a line of JSON for each answer that an SDK has
something to read with: `{"provider", "state", "call", "type", "fault"}`. A type validates strictly, and a field that it
does not have is a fault as well. An SDK without types reads with the code of its client.
"""

import dataclasses
import importlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

Faults = Mapping[str, str]
"""What is wrong, by where."""

TERMINAL = ("succeeded", "failed", "canceled")
ERROR = 400

BEYOND: Mapping[tuple[str, str, str], frozenset[str]] = {
    # anthropic has an exception for 413 (ContentTooLargeError), and no type.
    ("anthropic", "refused_submit.3", "submit"): frozenset({"error"}),
    # together 1.5.31 and the documentation have these words, the type of 3.1.1 does not.
    ("together_video", "answers", "submit"): frozenset({"status"}),
    ("together_video", "waiting", "status"): frozenset({"status"}),
    ("together_video", "canceled", "status"): frozenset({"status"}),
    ("together_batch", "canceling", "status"): frozenset({"status"}),
    # The documentation's example, which is not of the type either.
    ("together_video", "failed_as_documented", "status"): frozenset({"created_at", "seconds", "size"}),
    # The documentation reads it, the type does not have it.
    ("together_queue", "failed", "status"): frozenset({"error"}),
}
"""Answers that are known to say what the types do not, and in which fields: no less than these, and no more."""


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """One answer of a fixture. `expect`: what its state means, if it is of one."""

    provider: str
    state: str
    call: str
    status: int
    body: Any
    text: str = ""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    expect: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def answers(provider: str, fixture: Mapping[str, Any]) -> Iterator[Said]:
    """All that a fixture says, lines of result files among it."""
    for call, answer in fixture["answers"].items():
        yield _said(provider, "answers", call, answer)
    foreign = fixture["foreign"] if isinstance(fixture["foreign"], dict) else {}
    for name, state in [*fixture["states"].items(), ("foreign", foreign)]:
        for call in ("submit", "status", "result"):
            if call in state and not isinstance(state, str):
                yield _said(provider, name, call, state[call], state.get("expect", {}))
    for n, refusal in enumerate(fixture.get("refused_submit", [])):
        yield _said(provider, f"refused_submit.{n}", "submit", refusal)
    for url, file in fixture.get("files", {}).items():
        for n, line in enumerate(file.get("jsonl", [])):
            yield Said(provider, f"{url} {n}", "line", 200, line)


def _said(
    provider: str, state: str, call: str, answer: Mapping[str, Any], expect: Mapping[str, Any] | None = None
) -> Said:
    return Said(
        provider,
        state,
        call,
        answer.get("status", 200),
        answer.get("json"),
        answer.get("text", ""),
        answer.get("headers", {}),
        expect or {},
    )


@cache
def named(path: str) -> Any:
    """What stands at `package.module:name`."""
    module, _, name = path.partition(":")
    found = importlib.import_module(module)
    return getattr(found, name)


@dataclasses.dataclass(frozen=True, slots=True)
class Reader:
    """Something of an SDK that reads answers; `title` says what it is."""

    title: str
    read: Callable[[Said], Faults]


def typed(path: str, *part: str) -> Reader:
    """A type, which reads an answer or a part of it."""

    def read(said: Said) -> Faults:
        value = said.body
        for name in part:
            value = value[name]
        found, faults = _validated(named(path), value)
        return faults or dict.fromkeys(_unknown(found), "the type has no such field")

    return Reader(path + "".join(f"[{name}]" for name in part), read)


def _validated(kind: Any, value: Any) -> tuple[Any, Faults]:
    pydantic = importlib.import_module("pydantic")
    try:
        return pydantic.TypeAdapter(kind).validate_json(json.dumps(value), strict=True), {}
    except pydantic.ValidationError as error:
        return None, {".".join(str(step) for step in one["loc"]): one["msg"] for one in error.errors()}


def _unknown(value: Any, place: str = "") -> Iterator[str]:
    """Where a validated value has fields that its type does not."""
    if isinstance(value, list):
        for n, inner in enumerate(value):
            yield from _unknown(inner, f"{place}{n}.")
    elif hasattr(value, "model_extra"):
        yield from (f"{place}{name}" for name in value.model_extra or {})
        for name in type(value).model_fields:
            yield from _unknown(getattr(value, name), f"{place}{name}.")


def _fal_submit(said: Said) -> Faults:
    given = ("request_id", "response_url", "status_url", "cancel_url")
    return _validated(named("fal_client.client:_BaseRequestHandle"), {name: said.body[name] for name in given})[1]


def _fal_status(said: Said) -> Faults:
    status = named("fal_client.client:_BaseRequestHandle")("", "", "", "")._parse_status(said.body)
    if said.expect.get("status") in TERMINAL and not isinstance(status, named("fal_client:Completed")):
        return {"status": f"fal_client waits on with {type(status).__name__}"}
    return _validated(type(status), dataclasses.asdict(status))[1]


def _fal_error(said: Said) -> Faults:
    httpx = importlib.import_module("httpx")
    content: dict[str, Any] = {"text": said.text} if said.body is None else {"json": said.body}
    response = httpx.Response(
        said.status, headers=dict(said.headers), request=httpx.Request("GET", "https://queue.fal.run/"), **content
    )
    try:
        named("fal_client.client:_raise_for_status")(response)
    except named("fal_client.client:FalClientHTTPError") as error:
        body = said.body if isinstance(said.body, dict) else {}
        kind = body.get("error_type") or said.headers.get("x-fal-error-type")
        wanted = (body.get("detail", said.text or response.text), kind)
        return {} if (error.message, error.error_type) == wanted else {"detail": f"is read as {error.message!r}"}
    return {"status": "fal_client takes it for an answer"}


class _Told:
    """Stands where runpod's client makes its HTTP calls."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def get(self, endpoint: str) -> Any:
        del endpoint
        return self._body

    def post(self, endpoint: str, data: Any, timeout: int = 0) -> Any:
        del endpoint, data, timeout
        return self._body


def _runpod_submit(said: Said) -> Faults:
    endpoint = named("runpod.endpoint:Endpoint")("endpoint", api_key="none")
    endpoint.rp_client = _Told(said.body)
    job = endpoint.run({"input": {}})
    return {} if isinstance(job.job_id, str) else {"id": f"is {job.job_id!r}"}


def _runpod_status(said: Said) -> Faults:
    job = named("runpod.endpoint:Job")("endpoint", "job", _Told(said.body))
    over = named("runpod.endpoint.helpers:is_completed")(job.status())
    if over != (said.expect.get("status") in TERMINAL):
        return {"status": f"runpod {'ends' if over else 'waits on'} with {job.status()}"}
    if said.expect.get("status") == "succeeded" and job.output() != said.expect.get("output"):
        return {"output": f"runpod reads {job.output()!r}"}
    return {}


def _runpod_cancel(said: Said) -> Faults:
    job = named("runpod.endpoint:Job")("endpoint", "job", _Told(said.body))
    return {} if named("runpod.endpoint.helpers:is_completed")(job.cancel()["status"]) else {"status": "is not an end"}


_BATCH = typed("anthropic.types.messages:MessageBatch")
_VIDEO = typed("together.types:VideoJob")
_JOB = typed("together.types:BatchJob")
_RESPONSE = typed("openai.types.responses:Response")

READERS: Mapping[str, Mapping[str, Reader]] = {
    "anthropic": {
        "submit": _BATCH,
        "status": _BATCH,
        "cancel": _BATCH,
        "line": typed("anthropic.types.messages:MessageBatchIndividualResponse"),
        "error": typed("anthropic.types:ErrorResponse"),
    },
    "together_video": {"submit": _VIDEO, "status": _VIDEO},
    "together_batch": {
        "file": typed("together.types:FileResponse"),
        "submit": typed("together.types:BatchCreateResponse"),
        "status": _JOB,
        "cancel": _JOB,
        # Lines have no type of their own: the endpoint's is that of what each was answered.
        "line": typed("together.types.chat:ChatCompletion", "response", "body"),
    },
    "together_queue": {
        "submit": typed("together.types.beta.jig:QueueSubmitResponse"),
        "status": typed("together.types.beta.jig:QueueRetrieveResponse"),
        "cancel": typed("together.types.beta.jig:QueueCancelResponse"),
    },
    "openai": {
        "submit": _RESPONSE,
        "status": _RESPONSE,
        "cancel": _RESPONSE,
        "error": typed("openai.types.shared:ErrorObject", "error"),
    },
    "fal": {
        "submit": Reader("fal_client.client:_BaseRequestHandle", _fal_submit),
        "status": Reader("fal_client.client:_BaseRequestHandle._parse_status", _fal_status),
        "error": Reader("fal_client.client:_raise_for_status", _fal_error),
    },
    # It has no types at all, and no words but those that end a job.
    "runpod": {
        "submit": Reader("runpod.endpoint:Endpoint.run", _runpod_submit),
        "status": Reader("runpod.endpoint:Job.status, Job.output", _runpod_status),
        "cancel": Reader("runpod.endpoint:Job.cancel", _runpod_cancel),
    },
}


def check(said: Said) -> dict[str, Any] | None:
    """What an SDK makes of an answer; None if it has nothing to read it with."""
    reader = READERS[said.provider].get("error" if said.status >= ERROR else said.call)
    if reader is None or (said.provider == "together_batch" and said.call == "line" and "error" in said.body):
        return None
    place = {"provider": said.provider, "state": said.state, "call": said.call}
    return {**place, "type": reader.title, "fault": _fault(said, reader)}


def _fault(said: Said, reader: Reader) -> str | None:
    try:
        faults = reader.read(said)
    except Exception as error:  # noqa: BLE001 (whatever a client raises is what it makes of the answer)
        faults = {"": f"{type(error).__name__}: {error}"}
    if said.state == "unknown" and said.provider != "runpod":
        return None if faults else "it knows the word that stands for one that nobody knows"
    beyond = BEYOND.get((said.provider, said.state, said.call))
    if beyond is not None:
        found = {place.partition(".")[0] for place in faults}
        return None if found == beyond else f"beyond the type should be {sorted(beyond)}, and is {dict(faults)}"
    return "; ".join(f"{place}: {message}" for place, message in sorted(faults.items())) or None


if __name__ == "__main__":
    for name, content in json.load(sys.stdin).items():
        for answer in answers(name, content):
            checked = check(answer)
            if checked:
                sys.stdout.write(json.dumps(checked) + "\n")
