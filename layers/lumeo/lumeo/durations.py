"""Durations as Replicate writes them: `30`, `30s`, `5m`, `1h30m45s`. Pure."""

import re

_FORM = re.compile(r"(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s?)?")


def seconds(text: str) -> int:
    """The seconds of a duration; 0 for a text that is none."""
    found = _FORM.fullmatch(text.strip())
    hours, minutes, rest = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    return hours * 3600 + minutes * 60 + rest
