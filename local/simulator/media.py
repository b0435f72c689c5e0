"""The bytes of output files: made when they are read, and the same for the same prediction whenever that is."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from local.simulator import documents, pictures, tune, webm
from local.simulator.outputs import OutputFile
from local.simulator.pictures import Subject
from local.simulator.prediction import Prediction

CONTENT_TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "text": "text/plain; charset=utf-8",
    "wav": "audio/wav",
    "webm": "video/webm",
    "html": "text/html; charset=utf-8",
    "svg": "image/svg+xml",
    "bytes": "application/octet-stream",
}
PIECE = 1 << 16
SIDES = range(16, 2049)


class Content(Protocol):
    """A file's bytes, any stretch of which can be read."""

    @property
    def content_type(self) -> str: ...

    @property
    def size(self) -> int: ...

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` up to but without `stop`, in pieces."""


@dataclass(frozen=True)
class Whole:
    """A file that is held in memory."""

    content_type: str
    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        for at in range(start, stop, PIECE):
            yield self.data[at : min(at + PIECE, stop)]


@dataclass(frozen=True)
class Noise:
    """Pseudo-random bytes that are never held in memory: each piece follows from the key and its place."""

    key: str
    size: int
    content_type: str = CONTENT_TYPES["bytes"]

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        for place in range(start // PIECE, -(-stop // PIECE)):
            piece = hashlib.shake_128(f"{self.key}/{place}".encode()).digest(PIECE)
            begin = place * PIECE
            yield piece[max(start - begin, 0) : min(stop - begin, PIECE)]


def content_of(prediction: Prediction, file: OutputFile) -> Content:
    """What a prediction's file holds."""
    if file.fetched:
        return Whole(file.fetched.content_type, file.fetched.data)
    if file.kind == "bytes":
        return Noise(f"{prediction.id}/{file.n}", file.size)
    return Whole(CONTENT_TYPES[file.kind], _made(file.kind, _subject(prediction, file.n)))


def _subject(prediction: Prediction, n: int) -> Subject:
    asked = prediction.request.input
    prompt = asked.get("prompt")
    return Subject(
        prompt=prompt if isinstance(prompt, str) else prediction.model,
        seed=prediction.seed + n,
        width=_side(asked.get("width")),
        height=_side(asked.get("height")),
    )


def _side(asked: Any) -> int:
    return asked if isinstance(asked, int) and asked in SIDES else 512


@lru_cache(maxsize=64)
def _made(kind: str, subject: Subject) -> bytes:
    match kind:
        case "wav":
            return tune.wav(subject.seed)
        case "webm":
            return webm.film(subject)
        case "text" | "html" | "svg":
            return documents.document(kind, subject.prompt).encode()
        case _:
            return pictures.picture(subject, kind)
