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

from lumeo import clock
from lumeo.errors import Ambiguous, Retryable
from lumeo.sessions import Session

CONNECT_SECONDS = 4
READ_SECONDS = 10
TOTAL_SECONDS = 15
"""After this no further part of an answer is waited for, so that a request ends within 25 s."""
MAX_ANSWER_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered. `text` is cut for logs; `json` is None when the body is none."""

    status: int
    headers: Mapping[str, str]
    text: str
    json: Any


def request(method: str, url: str, *, headers: Mapping[str, str], body: Any = None) -> Answer:
    """Make one request on a connection of its own.

    Raises Retryable if it surely did not arrive, Ambiguous if it may have.
    """
    end = clock.now().timestamp() + TOTAL_SECONDS
    name = f"{method} {url}"
    common = {"User-Agent": "lumeo", "Accept": "application/json", "Accept-Encoding": "identity"}
    # A kept connection that the other side closed meanwhile would make a submission ambiguous for nothing.
    with Session() as session:
        try:
            prepared = session.prepare_request(requests.Request(method, url, headers={**common, **headers}, json=body))
        except (ValueError, requests.RequestException) as error:
            raise Retryable(f"{name}: {type(error).__name__}, before it was sent") from error
        try:
            with session.send(
                prepared, timeout=(CONNECT_SECONDS, READ_SECONDS), allow_redirects=False, stream=True
            ) as response:
                # A redirect is not followed: its head says all, and its body may never end.
                content = b"" if response.is_redirect else _read(response, end)
        except (requests.RequestException, HTTPError) as error:
            failed = f"{name}: {type(error).__name__}"
            raise (Retryable(failed) if _never_arrived(error) else Ambiguous(failed)) from error
    return Answer(response.status_code, response.headers, content[:4096].decode("utf-8", "replace"), _json(content))


def _read(response: requests.Response, end: float) -> bytes:
    content = bytearray()
    # read1 takes what is there: a server that drips must not hold us byte by byte.
    while part := response.raw.read1(64 * 1024, decode_content=True):
        content += part
        if len(content) > MAX_ANSWER_BYTES or clock.now().timestamp() > end:
            raise requests.exceptions.ChunkedEncodingError("the answer is too long or too slow")
    return bytes(content)


def _never_arrived(error: Exception) -> bool:
    """No connection, or no trust in the other side: nothing of the request was sent."""
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.InvalidSchema):
        return True
    cause = getattr(error.args[0], "reason", None) if error.args else None
    untrusted = isinstance(cause, SSLError) and isinstance(cause.args[0], ssl.SSLCertVerificationError)
    return isinstance(cause, NewConnectionError) or untrusted


def _json(content: bytes) -> Any:
    try:
        # NaN, Infinity and numbers as large are no JSON, but some servers write them: ours must not.
        return json.loads(content, parse_constant=lambda _: None, parse_float=_finite)
    except (ValueError, RecursionError):
        return None


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None
