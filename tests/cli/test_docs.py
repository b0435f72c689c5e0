"""docs/command-line.md: every command in it is typed, and shows what the page says that it does."""

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.__main__ import parser
from cli.options import DEFAULTS
from tests.cli.terminal import typed
from tests.stack import Caller, Stack

DOCS = Path(__file__).parents[2] / "docs" / "command-line.md"
_ID = re.compile(r"\b01m[0-9a-z]{23}\b|\b[0-9a-f]{12}\b")
_VARIES = [
    (_ID, "ID"),
    (re.compile(r"\blum_([\w-]{43}|…)"), "KEY"),
    (re.compile(r"https?://127\.0\.0\.1:\d+"), "URL"),
    (re.compile(r"[0-9a-f]{64}|[0-9a-f]{32}"), "HASH"),
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+Z)?"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "DAY"),
    (re.compile(r"[\d.]+ (s|min)\b"), "WHILE"),
    (re.compile(r'("\w+_time"|"seed"): [\d.]+'), "NUMBER"),
    (re.compile(r"Using seed: \d+|\d+\.\d+it/s|\d\d:\d\d"), "LOGGED"),
    (re.compile(r" +"), " "),
]


def sessions(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of the page, with what it shows."""
    for block in re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for command in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, *shown = command.splitlines()
            yield line, shown


def steady(line: str) -> str:
    """A line without what differs each time."""
    for varies, name in _VARIES:
        line = varies.sub(name, line)
    return line


@pytest.fixture
def place(stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ready: Path) -> list[str]:
    """Where the commands of the page are typed, and what is said besides."""
    caller.call("GET", "/models/sim/image")
    monkeypatch.chdir(tmp_path)
    return ["--ready-file", str(ready)]


def test_every_command_shows_what_the_page_says(place: list[str], caller: Caller) -> None:
    real: dict[str, str] = {}
    for line, documented in sessions(DOCS.read_text()):
        words = [real.get(word, word) for word in shlex.split(line)[1:]]
        with pytest.MonkeyPatch.context() as monkeypatch:
            _, shown = typed(monkeypatch, *words, *place)

        assert [steady(one) for one in shown] == [steady(one) for one in documented], line
        real |= dict(zip(_ID.findall("\n".join(documented)), _ID.findall("\n".join(shown)), strict=True))


def test_what_needs_aws_can_be_typed() -> None:
    block = re.findall(r"^```sh\n(.*?)^```", DOCS.read_text(), re.MULTILINE | re.DOTALL)
    lines = "".join(block).splitlines()

    assert len(lines) >= 3
    for line in lines:
        name, *words = shlex.split(line)
        assert name == "lumeo"
        assert parser().parse_args(words, argparse.Namespace(**DEFAULTS)).stack


def test_every_option_that_the_page_names_exists() -> None:
    def options(found: argparse.ArgumentParser) -> Iterator[str]:
        for action in found._actions:
            yield from action.option_strings
            if isinstance(action, argparse._SubParsersAction):
                for inner in action.choices.values():
                    yield from options(inner)

    assert set(re.findall(r"(?<![\w-])--[a-z][\w-]+", DOCS.read_text())) <= set(options(parser()))
