"""What HTTP itself says of a call to a provider, before anybody's own words count: pure."""

import re

from lumeo.errors import Ambiguous, ErrorCode, ProviderError, Rejected, Retryable
from lumeo.providers.http import Answer
from lumeo.redaction import redacted

LONGEST_HINT = 86_400
WORD = 256
"""Characters of a provider's word that are kept."""


def word(text: str) -> str | None:
    """A text that may stand in an item of the table: bounded, without tokens or halves of surrogate pairs."""
    return mended(redacted(text)[:WORD]) or None


def mended(text: str) -> str:
    """A text that can be written: JSON can say half a surrogate pair, UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()


def refusal(answer: Answer) -> ProviderError | None:
    """What the answer to a submission means when it is not accepted: None for 2xx."""
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
        case 400 | 413 | 422:
            return Rejected(ErrorCode.INVALID_INPUT, raw)
        case 303:
            return Ambiguous(raw)
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
        if 0 <= seconds < LONGEST_HINT:
            return seconds
    return None
