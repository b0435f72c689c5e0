"""What a command says: results to standard output, all talk to standard error."""

import json
import re
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

# What would move the cursor, change colours or set a title, had a model written it.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
WIDE = 10_000
"""Columns where nobody looks: nothing is to be cut or wrapped."""
COLOURS = {"succeeded": "green", "failed": "red", "rejected": "magenta", "canceled": "yellow"}


class Talk:
    """Speaks for one command. With `json`, standard output holds JSON and nothing else."""

    def __init__(self, *, json: bool = False) -> None:
        self.json = json
        self.out = _console(stderr=False)
        self.err = _console(stderr=True)

    def say(self, text: str, style: str = "") -> None:
        """A line for the person."""
        self.err.print(Text(clean(text), style), soft_wrap=True)

    def result(self, text: str) -> None:
        """A text that was asked for; to a terminal without what would control it."""
        print(clean(text) if self.out.is_terminal else text)

    def document(self, value: Any) -> None:
        """The one JSON document that was asked for."""
        print(json.dumps(value, indent=2))

    def line(self, value: Any) -> None:
        """One of several JSON documents."""
        print(json.dumps(value), flush=True)


def clean(text: str) -> str:
    """A text that only says something."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    # Else it would be 80 columns.
    width = None if stream.isatty() else WIDE
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)
