"""One HTTP request to a provider: bounded in time and size, never redirected, never repeated.

The error says what is known of the request: whether it surely did not arrive, or may have.
"""

import json
import math
import re
import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError

from lumeo.errors import Ambiguous, Retryable
from lumeo.redaction import redacted
from lumeo.sessions import Session

CONNECT_SECONDS = 4
READ_SECONDS = 10
LOGGED_BYTES = 4096
MAX_ANSWER_BYTES = 16 * 1024 * 1024
_BINARY = re.compile(
    r"(image|audio|video|font|model)/(?!svg)|application/(octet-stream|zip|gzip|pdf|x-tar)\b", re.IGNORECASE
)


class TooLong(Ambiguous):
    """An answer that is not read to its end."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered. `text` is cut, and without tokens, for logs; `json` is None when the body is none.

    `binary`: it is a file, which was not read.
    """

    status: int
    headers: Mapping[str, str]
    text: str
    json: Any
    binary: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """A body as multipart/form-data: texts, and files as `(name, content)`."""

    texts: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)


def request(  # noqa: PLR0913 (all that an HTTP request is made of)
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    seconds: float,
    body: Any = None,
    form: Form | None = None,
    hidden: Collection[str] = (),
) -> Answer:
    """Make one request on a connection of its own, which is over after `seconds`.

    `hidden`: what is taken out of the answer wherever it stands in it. Raises Retryable if it surely did not arrive,
    Ambiguous if it may have.
    """
    # A query may hold a credential.
    name = f"{method} {url.partition('?')[0]}"
    common = {"User-Agent": "lumeo", "Accept": "application/json", "Accept-Encoding": "identity"}
    # A kept connection that the other side closed meanwhile would make a submission ambiguous for nothing.
    with Session(seconds) as session:
        try:
            prepared = session.prepare_request(_prepared(method, url, {**common, **headers}, body, form))
        except (ValueError, requests.RequestException) as error:
            raise Retryable(f"{name}: {type(error).__name__}, before it was sent") from error
        try:
            with session.send(
                prepared, timeout=(CONNECT_SECONDS, READ_SECONDS), allow_redirects=False, stream=True
            ) as response:
                # A redirect is not followed: its head says all, and its body may never end.
                binary = bool(_BINARY.match(response.headers.get("Content-Type", "")))
                content = b"" if response.is_redirect or binary else _read(response)
        except (requests.RequestException, HTTPError) as error:
            failed = f"{name}: {type(error).__name__}"
            raise (Retryable(failed) if _never_arrived(error) else Ambiguous(failed)) from error
    text = redacted(content[: 2 * LOGGED_BYTES].decode("utf-8", "replace"))
    found = {name: _without(value, hidden) for name, value in response.headers.items()}
    return Answer(
        response.status_code,
        CaseInsensitiveDict(found),
        _without(text, hidden)[:LOGGED_BYTES],
        _shown(parsed(content), hidden),
        binary,
    )


def _shown(value: Any, hidden: Collection[str]) -> Any:
    try:
        return _without(value, hidden) if hidden else value
    except RecursionError:  # As what is nested so deeply that it cannot be parsed.
        return None


def _without(value: Any, hidden: Collection[str]) -> Any:
    """A JSON value in whose texts nothing of what is hidden is left."""
    if isinstance(value, str):
        for secret in hidden:
            value = value.replace(secret, "****")
    elif isinstance(value, list):
        value = [_without(inner, hidden) for inner in value]
    elif isinstance(value, dict):
        value = {_without(name, hidden): _without(inner, hidden) for name, inner in value.items()}
    return value


def _prepared(method: str, url: str, headers: Mapping[str, str], body: Any, form: Form | None) -> requests.Request:
    if form is None:
        return requests.Request(method, url, headers=headers, json=body)
    # A form without files would be sent as another type.
    texts = {name: (None, text) for name, text in form.texts.items()}
    return requests.Request(method, url, headers=headers, files={**texts, **form.files})


def _read(response: requests.Response) -> bytes:
    content = bytearray()
    for part in response.iter_content(64 * 1024):
        content += part
        if len(content) > MAX_ANSWER_BYTES:
            raise TooLong(f"the answer is longer than {MAX_ANSWER_BYTES} bytes")
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
