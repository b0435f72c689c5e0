"""The items of a batch: the lines of its stored result files, page by page, never more than a page in memory."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, cast

from lumeo import aws, settings
from lumeo.errors import ApiError
from lumeo.prediction import Output, Phase, Prediction
from lumeo.providers import provider
from lumeo.providers.http import parsed

PAGE = 100
PAGE_BYTES = 2 * 1024 * 1024
"""Of lines on a page, and of one line: Lambda answers 6 MB at most, and writes JSON within JSON."""
CHUNK_BYTES = 64 * 1024
_CURSOR = re.compile(r"(\d{1,3})-(\d{1,15})")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file, and where the next one begins; `text` is None for one that is too long for a page."""

    text: bytes | None
    end: int


def page(prediction: Prediction, cursor: str | None, base_url: str) -> dict[str, Any]:
    """`{next, previous, results}`, each result `{id, status, item}`.

    Raises ApiError: 404 where there are no items, 409 while it is not over, 400 for a cursor that is none.
    """
    upstream = provider(prediction.provider)
    files = [output for _, output in sorted(prediction.outputs.items()) if upstream.has_items(output.pointer)]
    if prediction.phase is not Phase.DONE:
        raise ApiError(409, "Conflict", "This prediction is not over: its items can be read then.")
    if not files or prediction.removed_at:
        raise ApiError(404, "Not found", "This prediction has no items.")
    rows, after = _rows(files, *_place(cursor, len(files)))
    said = upstream.statuses(rows)
    results = [
        {"id": name, "status": status.value, "item": row} for row, (name, status) in zip(rows, said, strict=True)
    ]
    here = f"{base_url}/v1/predictions/{prediction.id}/items"
    return {"previous": None, "next": f"{here}?cursor={after}" if after else None, "results": results}


def _place(cursor: str | None, files: int) -> tuple[int, int]:
    """Which file, and from which of its bytes on."""
    found = _CURSOR.fullmatch(cursor or "0-0")
    if found is None or int(found[1]) >= files:
        raise ApiError(400, "Invalid cursor", "This cursor is none: take it from `next`.")
    return int(found[1]), int(found[2])


def _rows(files: list[Output], n: int, start: int) -> tuple[list[Any], str | None]:
    """The items of a page, and the cursor of the next one, if there is one."""
    rows: list[Any] = []
    room = PAGE_BYTES
    for number in range(n, len(files)):
        begun = start if number == n else 0
        for line in _lines(files[number], begun):
            size = len(line.text or b"")
            if len(rows) == PAGE or (rows and size > room):
                return rows, f"{number}-{begun}"
            room -= size
            begun = line.end
            if line.text is None or line.text.strip():
                rows.append(parsed(line.text) if line.text is not None else None)
    return rows, None


def _lines(file: Output, start: int) -> Iterator[Line]:
    """The lines of a file from one of its bytes on; what is left unread is not even fetched."""
    if start >= file.bytes:
        return
    asked = {"Bucket": settings.bucket_name(), "Key": file.key, "Range": f"bytes={start}-"}
    body = cast("IO[bytes]", aws.s3().get_object(**asked)["Body"])  # type: ignore[arg-type]
    held, at, long = b"", start, False
    try:
        while chunk := body.read(CHUNK_BYTES):
            *whole, rest = (held + chunk).split(b"\n")
            for text in whole:
                at += len(text) + 1
                yield Line(None if long or len(text) > PAGE_BYTES else text, at)
                long = False
            long = long or len(rest) > PAGE_BYTES
            if long:
                at += len(rest)
                rest = b""
            held = rest
        if held or long:
            yield Line(None if long else held, at + len(held))
    finally:
        body.close()
