"""The items of a batch: the lines of its stored result files, page by page, never more than a page in memory."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, cast

from botocore.exceptions import ClientError

from lumeo import aws, settings
from lumeo.errors import ApiError
from lumeo.prediction import Output, Phase, Prediction
from lumeo.providers import provider
from lumeo.providers.http import parsed

PAGE = 100
PAGE_BYTES = 2 * 1024 * 1024
"""Of JSON on a page, and of one line: Lambda answers 6 MB at most, and writes JSON within JSON."""
READ_BYTES = 6 * 1024 * 1024
"""After so much of a file that brought no item a page ends all the same."""
CHUNK_BYTES = 64 * 1024
_CURSOR = re.compile(r"([0-9]{1,3})-([0-9]{1,15})(~?)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: in which file, at which byte, and whether that is inside a line that is too long."""

    file: int = 0
    byte: int = 0
    inside: bool = False

    def __str__(self) -> str:
        return f"{self.file}-{self.byte}{'~' if self.inside else ''}"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file, and where the next one begins; `text` is None for one that is too long for a page.

    An empty `text` only says how far the file was read, and with `inside` that this is in a line that is too long.
    """

    text: bytes | None
    end: int
    inside: bool = False


def page(prediction: Prediction, cursor: str | None, base_url: str) -> dict[str, Any]:
    """`{next, previous, results}`, each result `{id, status, item}`.

    Raises ApiError: 404 where there are no items, 409 while it is not over, 410 where its files are kept no more, 400
    for a cursor that is none.
    """
    upstream = provider(prediction.provider)
    if upstream.batches and prediction.phase is not Phase.DONE:
        raise ApiError(409, "Conflict", "This prediction is not over: its items can be read then.")
    files = [
        output for _, output in sorted(prediction.outputs.items(), key=_number) if upstream.has_items(output.pointer)
    ]
    if not files or prediction.removed_at:
        raise ApiError(404, "Not found", "This prediction has no items.")
    try:
        rows, after = _rows(files, _place(cursor, len(files)))
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        raise ApiError(410, "Gone", "The files of this prediction are kept no more.") from error
    here = f"{base_url}/v1/predictions/{prediction.id}/items"
    return {
        "previous": None,
        "next": f"{here}?cursor={after}" if after else None,
        "results": _items(rows, upstream.statuses([row for row, _ in rows])),
    }


def _number(output: tuple[str, Output]) -> int:
    return int(output[0])


def _items(rows: Sequence[tuple[Any, bool]], said: Sequence[tuple[str | None, Any]]) -> list[dict[str, Any]]:
    """What was not read says nothing."""
    return [
        {"id": name, "status": status.value if read else None, "item": row}
        for (row, read), (name, status) in zip(rows, said, strict=True)
    ]


def _place(cursor: str | None, files: int) -> Place:
    found = _CURSOR.fullmatch(cursor or "0-0")
    if found is None or int(found[1]) >= files:
        raise ApiError(400, "Invalid cursor", "This cursor is none: take it from `next`.")
    return Place(int(found[1]), int(found[2]), bool(found[3]))


def _rows(files: list[Output], begin: Place) -> tuple[list[tuple[Any, bool]], Place | None]:
    """The items of a page, each with whether it was read, and where the next one begins, if there is one."""
    rows: list[tuple[Any, bool]] = []
    room, unread = PAGE_BYTES, READ_BYTES
    for number in range(begin.file, len(files)):
        place = begin if number == begin.file else Place(number)
        for line in _lines(files[number], place):
            found = _row(line.text) if line.text != b"" else None
            size = found[1] if found else 0
            full = len(rows) == PAGE or (rows and size > room)
            if unread <= 0 or (found and full):
                return rows, place
            unread -= line.end - place.byte
            place = Place(number, line.end, line.inside)
            if found:
                rows.append(found[0])
                room -= size
    return rows, None


def _row(text: bytes | None) -> tuple[tuple[Any, bool], int]:
    """What a line says, whether it was read, and its size in an answer: `1e15` has four letters here and 18 there."""
    row = parsed(text) if text is not None else None
    size = len(json.dumps(row, ensure_ascii=False))
    return ((None, False), 0) if text is None or size > PAGE_BYTES else ((row, True), size)


def _lines(file: Output, place: Place) -> Iterator[Line]:
    """The lines of a file from a place on; what is left unread is not even fetched."""
    if place.byte >= file.bytes:
        return
    found = aws.s3().get_object(Bucket=settings.bucket_name(), Key=file.key, Range=f"bytes={place.byte}-")
    body = cast("IO[bytes]", found["Body"])
    held, at, long = b"", place.byte, place.inside
    try:
        while chunk := body.read(CHUNK_BYTES):
            *whole, rest = (held + chunk).split(b"\n")
            for text in whole:
                at += len(text) + 1
                if long or text.strip():
                    yield Line(None if long or len(text) > PAGE_BYTES else text, at)
                long = False
            held = rest
            if long or len(rest) > PAGE_BYTES:
                at, held, long = at + len(rest), b"", True
            yield Line(b"", at, long)
        if long or held.strip():
            yield Line(None if long else held, at + len(held))
    finally:
        body.close()
