"""One HTTP request to a provider: bounded in time and size, never redirected, never repeated.

The error says what is known of the request: whether it surely did not arrive, or may have.
"""

import json
import math
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError

from lumeo.errors import Ambiguous, Retryable
from lumeo.redaction import redacted
from lumeo.sessions import Session

CONNECT_SECONDS = 4
READ_SECONDS = 10
LOGGED_BYTES = 4096
MAX_ANSWER_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered. `text` is cut, and without tokens, for logs; `json` is None when the body is none."""

    status: int
    headers: Mapping[str, str]
    text: str
    json: Any


def request(method: str, url: str, *, headers: Mapping[str, str], seconds: float, body: Any = None) -> Answer:
    """Make one request on a connection of its own, which is over after `seconds`.

    Raises Retryable if it surely did not arrive, Ambiguous if it may have.
    """
    name = f"{method} {url}"
    common = {"User-Agent": "lumeo", "Accept": "application/json", "Accept-Encoding": "identity"}
    # A kept connection that the other side closed meanwhile would make a submission ambiguous for nothing.
    with Session(seconds) as session:
        try:
            prepared = session.prepare_request(requests.Request(method, url, headers={**common, **headers}, json=body))
        except (ValueError, requests.RequestException) as error:
            raise Retryable(f"{name}: {type(error).__name__}, before it was sent") from error
        try:
            with session.send(
                prepared, timeout=(CONNECT_SECONDS, READ_SECONDS), allow_redirects=False, stream=True
            ) as response:
                # A redirect is not followed: its head says all, and its body may never end.
                content = b"" if response.is_redirect else _read(response)
        except (requests.RequestException, HTTPError) as error:
            failed = f"{name}: {type(error).__name__}"
            raise (Retryable(failed) if _never_arrived(error) else Ambiguous(failed)) from error
    text = redacted(content[: 2 * LOGGED_BYTES].decode("utf-8", "replace"))[:LOGGED_BYTES]
    return Answer(response.status_code, response.headers, text, parsed(content))


def _read(response: requests.Response) -> bytes:
    content = bytearray()
    for part in response.iter_content(64 * 1024):
        content += part
        if len(content) > MAX_ANSWER_BYTES:
            raise requests.exceptions.ChunkedEncodingError("the answer is too long")
    return bytes(content)


def _never_arrived(error: Exception) -> bool:
    """No connection, or no trust in the other side: nothing of the request was sent."""
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.InvalidSchema):
        return True
    cause = getattr(error.args[0], "reason", None) if error.args else None
    untrusted = isinstance(cause, SSLError) and isinstance(cause.args[0], ssl.SSLCertVerificationError)
    return isinstance(cause, NewConnectionError) or untrusted


def parsed(content: bytes) -> Any:
    """The JSON that a provider sent, or None if it is none."""
    try:
        # NaN, Infinity and numbers as large are no JSON, but some servers write them: ours must not.
        return json.loads(content, parse_constant=lambda _: None, parse_float=_finite)
    except (ValueError, RecursionError):
        return None


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None
