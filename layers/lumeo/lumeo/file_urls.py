"""Our own URLs of the files that callers hand in: how an input names one. Pure."""

import re
from typing import Any

from lumeo import artifacts


def url(origin: str, file_id: str) -> str:
    """Where a caller reads of a file."""
    return f"{origin}/v1/files/{file_id}"


def named(value: Any, origin: str) -> dict[str, str]:
    """Ids of the files that an input names, by JSON Pointer: strings that are, as a whole, one of our URLs."""
    form = re.compile(re.escape(url(origin, "")) + r"([0-9a-z]{26})")
    found = ((pointer, form.fullmatch(text)) for pointer, text in artifacts.strings(value))
    return {pointer: match[1] for pointer, match in found if match}
