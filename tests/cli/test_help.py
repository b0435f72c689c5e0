"""The help tells what there is, and every example in it can be typed."""

import argparse
import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from cli.__main__ import parser
from cli.codes import MEANINGS, Code, worst
from cli.options import DEFAULTS
from tests.cli.conftest import Lumeo

WIDTH = 80
DOCS = Path(__file__).parents[2] / "docs" / "command-line.md"


def commands(found: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Every command that can be run, by what is typed for it."""
    (inner,) = (action for action in found._actions if isinstance(action, argparse._SubParsersAction))
    named: dict[str, argparse.ArgumentParser] = {}
    for name, command in inner.choices.items():
        nested = any(isinstance(action, argparse._SubParsersAction) for action in command._actions)
        named |= {f"{name} {more}": one for more, one in commands(command).items()} if nested else {name: command}
    return named


COMMANDS = commands(parser())


def test_there_is_something_to_help_with() -> None:
    assert {"submit", "watch", "get", "list", "cancel", "rerun", "delete", "open", "models"} <= COMMANDS.keys()
    assert {"keys create", "keys list", "keys revoke"} <= COMMANDS.keys()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_of_a_command(bare: Lumeo, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    ran = bare(*name.split(), "--help")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"usage: lumeo {name} ")
    assert "examples:\n  lumeo " in ran.out
    assert "--json" in ran.out
    assert max(map(len, ran.out.splitlines())) <= WIDTH


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_an_example_can_be_typed(name: str) -> None:
    text = re.sub(r"\$\([^)]*\)|(?<=xargs lumeo )(\w+)", r"\1 ID", COMMANDS[name].epilog or "")
    found = re.findall(rf"lumeo ({name}\b[^|<\n]*)", text)

    assert found
    for example in found:
        options, rest = parser().parse_known_args(shlex.split(example), argparse.Namespace(**DEFAULTS))
        assert options.run
        assert all("=" in word and not word.startswith("-") for word in rest)


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["keys"], ["get"], ["list", "--status", "lost"]])
def test_what_is_no_command(bare: Lumeo, arguments: list[str]) -> None:
    ran = bare(*arguments)

    assert (ran.code, ran.out) == (2, "")
    assert "usage: lumeo" in ran.err


def test_help_says_every_exit_code(bare: Lumeo) -> None:
    ran = bare("--help")

    assert list(MEANINGS) == list(Code)
    assert [line.strip() for line in ran.out.splitlines() if re.match(r" +\d+  ", line)] == [
        f"{code.value}  {meaning}" for code, meaning in MEANINGS.items()
    ]


def test_so_do_the_docs() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", DOCS.read_text(), re.MULTILINE)

    assert rows == [(str(code.value), meaning) for code, meaning in MEANINGS.items()]


def test_the_worst_of_several() -> None:
    from_bad_to_fine = [130, 7, 6, 2, 5, 1, 4, 3, 0]

    assert sorted(Code) == sorted(from_bad_to_fine)
    for worse, better in pairwise(from_bad_to_fine):
        assert worst([Code(better), Code(worse), Code(better)]) == worse
    assert worst([]) == Code.FINE


def test_most_commands_do_without_boto3() -> None:
    """It takes a third of a second to load, for which a person would wait each time."""
    loaded = "import sys, cli.__main__; sys.exit('boto3' in sys.modules or 'moto' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", loaded], cwd=DOCS.parents[1], check=False).returncode == 0
