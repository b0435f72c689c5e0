"""Replicate (https://replicate.com/docs/reference/http): submit, look, cancel; and its words in ours.

`snapshot`, `refusal` and `classify` are pure: tables of tests hold them.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from lumeo import artifacts, clock, credentials, settings
from lumeo.artifacts import Artifact, Hosts
from lumeo.errors import Ambiguous, ErrorCode, Gone, ProviderError, Rejected, Retryable
from lumeo.polling import Policy
from lumeo.prediction import Handle, Snapshot, Status, Upstream
from lumeo.providers import http
from lumeo.providers.base import CANCEL_SECONDS, LOOK_SECONDS, SUBMIT_SECONDS, Submission
from lumeo.providers.http import Answer

ACCOUNT = "default"
WORD = 256
"""Characters of a provider's word that are kept."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
SHORTEST_CANCEL_AFTER = 5
"""Seconds: Replicate takes no shorter `Cancel-After`."""

# Codes and parts of texts, never whole ones: Replicate's runtime adds prefixes and suffixes. First match wins.
_CLASSES: tuple[tuple[ErrorCode, re.Pattern[str]], ...] = (
    (
        ErrorCode.CONTENT_REJECTED,
        re.compile(
            r"\bNSFW\b|\bE005\b|\bE8412\b|\b[Ff]lagged\b|(?<![-\w])sensitive\b|copyright restriction|violates our terms"
        ),
    ),
    (ErrorCode.INVALID_INPUT, re.compile(r"\bE006\b|The input was invalid")),
    (ErrorCode.PROVIDER_ACCOUNT, re.compile(r"\bE00[12]\b")),
    (ErrorCode.PROVIDER_BUSY, re.compile(r"\bE00[34]\b|due to high demand|temporarily unavailable")),
    (
        ErrorCode.INTERRUPTED,
        re.compile(r"\bcode: PA\b|Prediction interrupted|\b(E6716|E8367|E8765|E9243|E9825|E9828)\b"),
    ),
)


class Replicate:
    """The provider `replicate`."""

    name = "replicate"
    polling = Policy(first=1, factor=1.5, cap=5, deadline=3600, result_window=3600)

    def __init__(self, base_url: str, hosts: Hosts, token: Callable[[], str]) -> None:
        self._base_url = base_url
        self._token = token
        self.hosts = hosts

    def ready(self) -> None:
        self._token()

    def submit(self, submission: Submission) -> tuple[Handle, Snapshot | None]:
        body: dict[str, Any] = {"input": submission.input}
        path = "/predictions"
        if submission.model:
            path = f"/models/{submission.model}/predictions"
        else:
            body["version"] = submission.version
        # Replicate ends the run by itself then, so that it outlives nothing of ours.
        deadline = {"Cancel-After": f"{max(SHORTEST_CANCEL_AFTER, submission.cancel_after)}s"}
        answer = self._call("POST", path, seconds=SUBMIT_SECONDS, headers=deadline, body=body)
        refused = refusal(answer)
        if refused:
            raise refused
        upstream_id = answer.json.get("id") if isinstance(answer.json, dict) else None
        if not isinstance(upstream_id, str) or not _ID.fullmatch(upstream_id):
            raise Ambiguous(f"{answer.status} without a prediction: {answer.text}")
        return Handle(id=upstream_id, at=clock.stamp(), credential=ACCOUNT), snapshot(answer.json)

    def fetch(self, handle: Handle) -> Snapshot:
        try:
            answer = self._call("GET", f"/predictions/{handle.id}", seconds=LOOK_SECONDS)
        except Ambiguous as error:
            raise Retryable(error.raw) from error
        if answer.status == 404:
            raise Gone(answer.text)
        if answer.status != 200 or not isinstance(answer.json, dict) or answer.json.get("id") != handle.id:
            raise Retryable(f"{answer.status}: {answer.text}", retry_after(answer))
        return snapshot(answer.json)

    def cancel(self, handle: Handle) -> None:
        try:
            answer = self._call("POST", f"/predictions/{handle.id}/cancel", seconds=CANCEL_SECONDS)
        except Ambiguous as error:
            raise Retryable(error.raw) from error
        if answer.status == 404:
            raise Gone(answer.text)
        if answer.status not in {200, 201, 202}:
            raise Retryable(f"{answer.status}: {answer.text}", retry_after(answer))

    def artifacts(self, output: Any) -> tuple[Artifact, ...]:
        return artifacts.find(output, self.hosts)

    def _call(
        self, method: str, path: str, *, seconds: float, headers: Mapping[str, str] | None = None, body: Any = None
    ) -> Answer:
        authorized = {"Authorization": f"Bearer {self._token()}", **(headers or {})}
        return http.request(method, self._base_url + path, headers=authorized, seconds=seconds, body=body)


def from_environment() -> Replicate:
    """Replicate as the settings say."""
    return Replicate(
        settings.replicate_base_url(),
        Hosts(settings.replicate_output_hosts()),
        lambda: credentials.token(Replicate.name, ACCOUNT),
    )


def snapshot(body: Mapping[str, Any]) -> Snapshot:
    """A prediction object of Replicate's in our words; what is missing or of a strange type is taken as absent."""
    word = body.get("status")
    known = isinstance(word, str) and word in set(Status)
    status = Status(str(word)) if known else Status.PROCESSING
    error = body.get("error")
    text = error if isinstance(error, str) or error is None else json.dumps(error)
    logs = body.get("logs")
    metrics = body.get("metrics")
    return Snapshot(
        status=status,
        upstream=Upstream(
            status=_text(body, "status"),
            model=_text(body, "model"),
            version=_text(body, "version"),
            started_at=_text(body, "started_at"),
            completed_at=_text(body, "completed_at"),
        ),
        output=body.get("output"),
        error=text,
        code=classify(text or "") if status is Status.FAILED else None,
        logs=logs if isinstance(logs, str) else "",
        metrics=metrics if isinstance(metrics, dict) else {},
        removed=body.get("data_removed") is True,
        unknown=not known,
    )


def classify(error: str) -> ErrorCode:
    """The class of a failed prediction's error text; of a traceback only the last line speaks."""
    if "Traceback (most recent call last)" in error:
        error = error.rstrip().rpartition("\n")[2]
    return next((code for code, pattern in _CLASSES if pattern.search(error)), ErrorCode.GENERATION_FAILED)


def refusal(answer: Answer) -> ProviderError | None:
    """What a create call's answer means when it is not a prediction: None for 2xx."""
    raw = f"{answer.status}: {answer.text}"
    match answer.status:
        case status if 200 <= status < 300:
            return None
        case 429:
            return Retryable(raw, retry_after(answer), throttled=True)
        case 401 | 402 | 403:
            return Rejected(ErrorCode.PROVIDER_ACCOUNT, raw)
        case 404:
            return Rejected(ErrorCode.MODEL_NOT_FOUND, raw)
        case 422 if "version" in _title(answer).lower():
            return Rejected(ErrorCode.MODEL_NOT_FOUND, raw)
        case 400 | 413 | 422:
            return Rejected(ErrorCode.INVALID_INPUT, raw)
        case status if 300 <= status < 400:
            return Rejected(ErrorCode.PROVIDER_UNAVAILABLE, f"{raw} (a redirect is not followed: mend the base URL)")
        case 408 | 409:
            return Ambiguous(raw)
        case status if 400 <= status < 500:
            return Rejected(ErrorCode.GENERATION_FAILED, raw)
    return Ambiguous(raw)


def retry_after(answer: Answer) -> float | None:
    """Seconds that an answer asks to wait: the header, the body's `retry_after`, or the text `resets in ~Ns`."""
    said = answer.headers.get("Retry-After", "")
    body = answer.json if isinstance(answer.json, dict) else {}
    text = re.search(r"resets in ~?(\d+(?:\.\d+)?)\s*s", str(body.get("detail", "")))
    for found in (said, body.get("retry_after"), text[1] if text else None):
        try:
            seconds = float(found or "")
        except (TypeError, ValueError, OverflowError):
            continue
        if 0 <= seconds < 86_400:
            return seconds
    return None


def _title(answer: Answer) -> str:
    return str(answer.json.get("title", "")) if isinstance(answer.json, dict) else ""


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    # Bounded, and without halves of surrogate pairs: it is kept in an item of the table.
    return value[:WORD].encode("utf-8", "replace").decode() if isinstance(value, str) and value else None
