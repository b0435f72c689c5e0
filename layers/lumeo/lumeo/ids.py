"""Ids: ULIDs (https://github.com/ulid/spec) in lower case, 26 of `[0-9a-z]`, sorted by when they were made."""

import re
import secrets

from lumeo import clock

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_FORM = re.compile(r"[0-9a-z]{26}")


def new() -> str:
    """A new id: 48 bits of milliseconds, 80 random bits."""
    bits = int(clock.now().timestamp() * 1000) << 80 | secrets.randbits(80)
    return "".join(_ALPHABET[bits >> shift & 31] for shift in range(125, -1, -5))


def looks_right(text: str) -> bool:
    """Whether a text may be an id."""
    return _FORM.fullmatch(text) is not None
