"""The files that runs read: what a URL among their inputs holds."""

import base64
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

import requests
from urllib3.exceptions import HTTPError

SECONDS = 10.0
REDIRECTS = 3
PIECE = 1 << 16
UNKNOWN = "application/octet-stream"
TEXT = "text/plain;charset=US-ASCII"


@dataclass(frozen=True)
class Fetched:
    """A file as it came."""

    content_type: str
    data: bytes


@dataclass(frozen=True)
class Unreadable:
    """Why there is none: the exception, as the last line of a traceback."""

    reason: str


def fetch(url: str, trust: str | None, seconds: float = SECONDS) -> Fetched | Unreadable:
    """What a `data:`, `http:` or `https:` URL holds; `trust`: a file of certificates to trust instead of the usual."""
    try:
        return _embedded(url) if url.startswith("data:") else _downloaded(url, trust, seconds)
    except (requests.RequestException, HTTPError, ValueError) as error:
        return Unreadable(f"{type(error).__module__}.{type(error).__qualname__}: {error}")


def _embedded(url: str) -> Fetched:
    head, _, body = url.removeprefix("data:").partition(",")
    content_type = head.removesuffix(";base64")
    data = base64.b64decode(body, validate=True) if head.endswith(";base64") else unquote_to_bytes(body)
    return Fetched(content_type or TEXT, data)


def _downloaded(url: str, trust: str | None, seconds: float) -> Fetched:
    end = time.monotonic() + seconds
    with requests.Session() as session:
        session.trust_env = False
        session.max_redirects = REDIRECTS
        headers = {"Accept-Encoding": "identity"}
        with session.get(url, headers=headers, timeout=seconds, stream=True, verify=trust or True) as answer:
            answer.raise_for_status()
            return Fetched(answer.headers.get("Content-Type", UNKNOWN), b"".join(_until(end, answer)))


def _until(end: float, answer: requests.Response) -> Iterator[bytes]:
    """The pieces that come in time."""
    for piece in answer.iter_content(PIECE):
        if time.monotonic() > end:
            raise requests.ReadTimeout("Read timed out.")
        yield piece
