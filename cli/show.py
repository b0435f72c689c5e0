"""Predictions, models and keys as tables for people."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text

from cli import outputs
from cli.api import Prediction
from cli.talk import COLOURS, Talk, clean
from cli.times import age, duration, lasted, moment
from cli.watching import TERMINAL, percent, word

if TYPE_CHECKING:
    from lumeo.keys import Key

LONGEST = 2000
"""Characters of one thing that a person is shown."""
GAP = "  "
"""Between two columns."""


def prediction(talk: Talk, found: Prediction) -> None:
    """One prediction with all that a person asks of it."""
    _print(talk, [(Text(name, "dim"), value) for name, value in _facts(found)])


def predictions(talk: Talk, found: Sequence[Prediction]) -> None:
    """A line for each."""
    rows = [_row(one) for one in found]
    # The names of models are of any length: the table is not wider for them.
    others = sum(max(len(row[n]) for row in rows) + len(GAP) for n in (0, 1, 3, 4))
    for row in rows:
        row[2].truncate(max(10, talk.out.width - others), overflow="ellipsis")
    _print(talk, [_head("ID", "STATUS", "MODEL", "AGE", "TOOK"), *rows])


def models(talk: Talk, found: Sequence[dict[str, Any]]) -> None:
    """A line for each."""
    rows = [(Text(f"{one['owner']}/{one['name']}"), Text(clean(one.get("description") or ""))) for one in found]
    _print(talk, [_head("MODEL", "DESCRIPTION"), *rows])


def keys(talk: Talk, found: "Sequence[Key]") -> None:
    """A line for each."""
    _print(talk, [_head("ID", "MADE", "REVOKED", "CALLER", "NAME"), *map(_key_row, found)])


def short(key: "Key") -> str:
    """The characters by which a key is named."""
    return key.id[:12]


def _facts(found: Prediction) -> list[tuple[str, Text]]:
    """What there is to say, under its name, or under none where that stands above it."""
    status = word(found)
    facts = [
        ("id", found["id"]),
        ("status", status),
        ("error", f"{found['error']} ({found['error_code']})" if found.get("error") else ""),
        ("model", found.get("model") or ""),
        ("version", "" if found.get("version") == "hidden" else str(found.get("version") or "")),
        ("provider", "" if found["provider"] == "replicate" else found["provider"]),
        ("rerun of", found.get("rerun_of") or ""),
        ("created", f"{moment(found['created_at'])}, {duration(age(found['created_at']))} ago"),
        ("took", _took(found)),
        ("progress", f"{percent(found['logs'])}%" if found["status"] not in TERMINAL else ""),
        ("deadline", moment(found["deadline"]) if found["status"] not in TERMINAL else ""),
    ]
    facts += [("warning", warning["detail"]) for warning in found.get("warnings", [])]
    if found.get("data_removed"):
        facts.append(("", "Its input and output were deleted."))
    given = found["input"] if isinstance(found["input"], dict) else {"": found["input"]}
    facts += [("input" if n == 0 else "", f"{name} = {_shown(value)}") for n, (name, value) in enumerate(given.items())]
    lines = outputs.text(found["output"]).splitlines() if found["output"] is not None else []
    facts += [("output" if n == 0 else "", line) for n, line in enumerate(lines)]
    facts.append(("page", found["urls"].get("web", "")))
    style = {"status": COLOURS.get(status, ""), "error": COLOURS["failed"], "warning": "yellow"}
    return [(name, Text(_cut(clean(value)), style.get(name, ""))) for name, value in facts if value]


def _took(found: Prediction) -> str:
    if found["status"] not in TERMINAL:
        return ""
    ran = found.get("metrics", {}).get("predict_time")
    return duration(lasted(found)) + (
        f", {duration(ran)} of it at the provider" if isinstance(ran, int | float) else ""
    )


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"


def _row(one: Prediction) -> tuple[Text, ...]:
    status = word(one)
    took = duration(lasted(one)) if one["status"] in TERMINAL else f"{percent(one['logs'])}%"
    return (
        Text(one["id"]),
        Text(status, COLOURS.get(status, "")),
        Text(clean(one.get("model") or one["provider"])),
        Text(duration(age(one["created_at"]))),
        Text(took),
    )


def _key_row(key: "Key") -> tuple[Text, ...]:
    revoked = Text((key.revoked_at or "-")[:10], "yellow" if key.revoked_at else "dim")
    return Text(short(key)), Text(key.made_at[:10]), revoked, Text(key.owner), Text(clean(key.name))


def _head(*names: str) -> tuple[Text, ...]:
    return tuple(Text(name, "dim") for name in names)


def _print(talk: Talk, rows: Sequence[tuple[Text, ...]]) -> None:
    """A table whose lines end where their text does, so that they can be copied."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for *cells, last in rows:
        line = Text()
        for cell, width in zip(cells, widths, strict=False):
            line.append_text(cell).append(" " * (width - len(cell)) + GAP)
        line.append_text(last).rstrip()
        talk.out.print(line, soft_wrap=True)
