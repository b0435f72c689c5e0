"""Copies files from a provider to the bucket: streamed, counted, hashed, never stored short.

A file is held in memory in parts, as many as it has lanes and one more; a broken transfer leaves nothing behind.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from typing import IO, Any, cast
from urllib.parse import unquote, urlsplit

import requests
from urllib3.exceptions import HTTPError

from lumeo import aws, settings, uploads, urls
from lumeo.artifacts import Artifact, Download, data
from lumeo.errors import OutputRefused, OutputTooLarge, OutputUnavailable, PrivatePeer
from lumeo.media import content_type, extension, runs_in_a_browser, said_type
from lumeo.prediction import Output
from lumeo.sessions import Session

CONNECT_SECONDS = 5
READ_SECONDS = 30
REDIRECTS = 3
HEAD_BYTES = 512
READ_BYTES = 1024**2


class Metered:
    """A stream that counts and hashes what is read from it, and fails instead of ending early or running over.

    `expected`: the length that was announced, if one was.
    """

    def __init__(self, source: IO[bytes], limit: int, expected: int | None = None) -> None:
        self.bytes = 0
        self._source = source
        self._limit = limit
        self._expected = expected
        self._sha256 = hashlib.sha256()

    @property
    def digest(self) -> bytes:
        """The SHA-256 of what was read so far."""
        return self._sha256.digest()

    def fill(self, part: bytearray) -> None:
        """Read into all of a part; where the stream ends, the part becomes shorter.

        Raises OutputUnavailable and OutputTooLarge.
        """
        filled = 0
        while filled < len(part):
            piece = self._read(min(READ_BYTES, len(part) - filled))
            if not piece:
                del part[filled:]
                return
            part[filled : filled + len(piece)] = piece
            filled += len(piece)

    def _read(self, size: int) -> bytes:
        """Up to `size` bytes; none only at the end."""
        try:
            piece = self._source.read(size)
        except (HTTPError, OSError) as error:
            raise OutputUnavailable(f"cut off after {self.bytes} bytes: {type(error).__name__}") from error
        self.bytes += len(piece)
        if self.bytes > self._limit:
            raise OutputTooLarge(f"more than {self._limit} bytes")
        if not piece and self._expected is not None and self.bytes != self._expected:
            raise OutputUnavailable(f"{self.bytes} of {self._expected} bytes")
        self._sha256.update(piece)
        return piece


@dataclass(frozen=True, slots=True)
class Destination:
    """A key in the bucket, and what the file is called by who saves it: both without their extension."""

    key: str
    name: str


def copy(artifact: Artifact, download: Download, to: Destination, seconds: float, lanes: int = 1) -> Output:
    """Store one artifact within `seconds`; the same artifact always lands at the same key.

    `lanes`: how many parts of it may be on their way to the bucket at once.
    Raises OutputUnavailable, OutputRefused and OutputTooLarge; then nothing is stored.
    """
    limit = min(settings.max_output_bytes(), uploads.MOST_BYTES)
    with _open(download, limit, seconds) as (stream, declared, name):
        first = bytearray(uploads.FIRST)
        stream.fill(first)
        kind = content_type(declared if said_type(declared, name) else artifact.type, name, bytes(first[:HEAD_BYTES]))
        ending = extension(kind, name)
        key = f"{to.key}.{ending}"
        uploads.upload(first, stream, key, _headers(f"{to.name}.{ending}", kind), lanes)
    return Output(artifact.pointer, key, stream.bytes, stream.digest.hex(), kind)


def keep_whole(output: Any, to: Destination) -> Output:
    """Store an output that is too large for an answer as a file itself: text as text, all else as JSON."""
    content = (output if isinstance(output, str) else json.dumps(output)).encode("utf-8", "replace")
    kind, ending = ("text/plain; charset=utf-8", "txt") if isinstance(output, str) else ("application/json", "json")
    key = f"{to.key}.{ending}"
    headers = _headers(f"{to.name}.{ending}", kind)
    aws.s3().put_object(Bucket=settings.bucket_name(), Key=key, Body=content, **headers)
    return Output("", key, len(content), hashlib.sha256(content).hexdigest(), kind)


def _headers(name: str, kind: str) -> dict[str, Any]:
    disposition = "attachment" if runs_in_a_browser(kind) else "inline"
    return {
        "ContentType": kind,
        "CacheControl": "public, max-age=31536000, immutable",
        "ContentDisposition": f'{disposition}; filename="{name}"',
    }


@contextmanager
def _open(download: Download, limit: int, seconds: float) -> Iterator[tuple[Metered, str, str]]:
    """The file's bytes, the content type that was declared, and its file name."""
    inline = data(download.url)
    if inline:
        declared, text = inline
        content = base64.b64decode(text)
        yield Metered(BytesIO(content), limit, len(content)), declared, ""
        return
    with Session(seconds) as session, _get(session, download) as response:
        # Asked for as it is; one that is packed all the same is unpacked, and its length is that of the pack.
        response.raw.decode_content = True
        packed = response.headers.get("Content-Encoding", "identity").lower() != "identity"
        length = response.headers.get("Content-Length", "")
        expected = int(length) if length.isdecimal() and not packed else None
        if expected is not None and expected > limit:
            raise OutputTooLarge(f"{expected} bytes, the limit is {limit}")
        stream = Metered(cast("IO[bytes]", response.raw), limit, expected)
        yield stream, response.headers.get("Content-Type", ""), _file_name(response.url)


def _get(session: Session, download: Download) -> requests.Response:
    """A GET, with a credential where the host is trusted with it; redirects too must lead to allowed places."""
    url, hosts = download.url, download.hosts
    for hop in range(REDIRECTS + 1):
        anywhere = hop > 0 and download.redirects and url.startswith("https://") and urls.read(url) is not None
        if not (anywhere or hosts.allows(url)):
            raise OutputRefused(f"not a host that outputs are fetched from: {urls.host(url)}")
        session.public = not hosts.names_origin(url)
        trusted = download.trusted is not None and download.trusted.allows(url)
        try:
            response = session.get(
                url,
                headers={"User-Agent": "lumeo", "Accept-Encoding": "identity", **(download.headers if trusted else {})},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            )
        except PrivatePeer as error:
            raise OutputRefused(f"{urls.host(url)}: {error}") from error
        except (requests.RequestException, HTTPError, ValueError) as error:
            raise OutputUnavailable(type(error).__name__) from error
        if response.status_code == 200:
            return response
        response.close()
        if not response.is_redirect:
            raise OutputUnavailable(f"HTTP {response.status_code}", gone=response.status_code in {404, 410})
        url = urls.joined(url, response.headers["Location"])
    raise OutputRefused(f"more than {REDIRECTS} redirects")


def _file_name(url: str) -> str:
    return PurePosixPath(unquote(urlsplit(url).path)).name
