"""Forms as `multipart/form-data` (RFC 7578) brings them."""

import io
from dataclasses import dataclass

from multipart import MultipartError, MultipartParser, parse_options_header

from lumeo.errors import ApiError

MOST_PARTS = 16
LARGEST = 8 * 1024 * 1024
"""Bytes of a whole form: more than a function is ever given."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form; `filename` is None where it is a plain field, `content_type` empty where none was said."""

    content: bytes
    filename: str | None
    content_type: str


def parts(content_type: str, body: bytes) -> dict[str, Part]:
    """The parts of a form by name, the first of each. Raises ApiError 400 for what is none."""
    kind, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    if kind.lower() != "multipart/form-data" or not boundary:
        raise ApiError(400, "Bad request", "The body is not multipart/form-data.")
    found: dict[str, Part] = {}
    try:
        parser = MultipartParser(
            io.BytesIO(body), boundary, part_limit=MOST_PARTS, spool_limit=LARGEST, memory_limit=LARGEST, disk_limit=0
        )
        for part in parser:
            said = part.headers.get("Content-Type") or ""
            found.setdefault(part.name, Part(part.raw, part.filename, said))
    except (MultipartError, UnicodeError) as error:
        raise ApiError(400, "Bad request", f"The form cannot be read: {error}") from error
    return found
