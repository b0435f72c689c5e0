"""Replicate's words in ours: pure, and tables of tests hold them."""

import json
import re
from collections.abc import Mapping
from typing import Any

from lumeo.errors import ErrorCode, ProviderError, Rejected
from lumeo.prediction import Snapshot, Status, Upstream
from lumeo.providers import answers
from lumeo.providers.http import Answer

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
    if answer.status == 422 and "version" in _title(answer).lower():
        return Rejected(ErrorCode.MODEL_NOT_FOUND, f"{answer.status}: {answer.text}")
    return answers.refusal(answer)


def _title(answer: Answer) -> str:
    return str(answer.json.get("title", "")) if isinstance(answer.json, dict) else ""


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    return answers.word(value) if isinstance(value, str) else None
