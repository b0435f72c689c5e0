"""What arrived: one entry per request to Replicate's side, and the counters made of them."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

CALLS = ("create", "get", "list", "cancel", "file", "model", "secret")
SHOWN = 12

_TOKEN = re.compile(r"\br8_[0-9A-Za-z]+")


@dataclass
class Entry:
    """One request. `status` is None while it has no answer, and for ever if its connection was dropped."""

    at: str
    call: str | None
    method: str
    path: str
    model: str | None = None
    prediction: str | None = None
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Journal:
    """Every request, oldest first."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def of(self, model: str | None) -> list[Entry]:
        """Those of one model, or all."""
        return [entry for entry in self.entries if model in (None, entry.model)]

    def calls(self, model: str | None = None) -> dict[str, int]:
        counted = Counter(entry.call for entry in self.of(model))
        return {call: counted[call] for call in CALLS}

    def leaked_tokens(self, model: str | None = None) -> int:
        """Requests for a file that carried an Authorization header."""
        return sum(entry.call == "file" and "Authorization" in entry.headers for entry in self.of(model))


def redacted(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers fit to be shown: of a token, its first 12 characters."""
    return {name: _redacted(name, value) for name, value in headers.items()}


def _redacted(name: str, value: str) -> str:
    if name == "Authorization":
        scheme, _, token = value.rpartition(" ")
        return f"{scheme} {token[:SHOWN]}".strip()
    return _TOKEN.sub(lambda token: token.group()[:SHOWN], value)
