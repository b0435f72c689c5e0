"""What all commands have in common: their options, how their help reads, and what they are given to run."""

import argparse
import textwrap
from argparse import SUPPRESS, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from cli.api import PATIENCE, Api
from cli.codes import MEANINGS, Code
from cli.place import find
from cli.talk import Talk

Commands: TypeAlias = "argparse._SubParsersAction[ArgumentParser]"  # noqa: SLF001 (typeshed has no other name)
DEFAULTS = {"url": None, "key": None, "stack": None, "ready_file": None, "json": False, "patience": PATIENCE}


class Command:
    """One command as it was typed: its options, how it speaks, and the API it speaks to."""

    def __init__(self, options: Namespace) -> None:
        self.options = options
        self.talk = Talk(json=options.json)

    @cached_property
    def api(self) -> Api:
        return Api(find(self.options), patience=self.options.patience, notice=lambda text: self.talk.say(text, "dim"))


Run = Callable[[Command], Code]


def root() -> ArgumentParser:
    """The command line itself, without its commands."""
    codes = "\n".join(f"  {code:>3}  {meaning}" for code, meaning in MEANINGS.items())
    return ArgumentParser(
        prog="lumeo",
        usage="lumeo COMMAND … [options]",
        description="Run machine-learning models through Lumeo: submit, watch, and keep what comes out.",
        epilog=f"exit codes (of several the worst):\n{codes}\n\n`lumeo COMMAND --help` has examples.",
        formatter_class=RawDescriptionHelpFormatter,
        parents=[_common()],
    )


def add(commands: Commands, usage: str, run: Run, about: str, examples: str) -> ArgumentParser:
    """A command, to which its own arguments are added.

    `usage`: its name, a comma, and what it takes; the first sentence of `about` stands in the list of commands.
    """
    name, _, takes = usage.partition(", ")
    parser = commands.add_parser(
        name.split()[-1],
        usage=f"lumeo {name} {takes}{' ' if takes else ''}[options]",
        help=about.partition(". ")[0].rstrip("."),
        description=textwrap.fill(about, 78),
        epilog="examples:\n" + textwrap.indent(textwrap.dedent(examples).strip("\n"), "  "),
        formatter_class=RawDescriptionHelpFormatter,
        parents=[_common()],
    )
    parser.set_defaults(run=run, parser=parser)
    return parser


def count(text: str) -> int:
    """An argument that counts something."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"not a number from 1 on: {text!r}")
    return int(text)


def seconds(text: str) -> float:
    """An argument in seconds."""
    try:
        return max(0.0, float(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not seconds: {text!r}") from error


def _common() -> ArgumentParser:
    """Options that stand before or after a command's name; what is not said there has its default in DEFAULTS."""
    parser = ArgumentParser(add_help=False, argument_default=SUPPRESS)
    where = parser.add_argument_group("where Lumeo is, if not the stack that `make run` keeps up")
    where.add_argument("--url", help="its API (LUMEO_URL)")
    where.add_argument("--stack", metavar="NAME", help="a deployed stack, by your AWS credentials (LUMEO_STACK)")
    where.add_argument("--ready-file", type=Path, metavar="FILE", help="of another stack on this machine")
    where.add_argument("--key", help="the API key; others on this machine see it there: better LUMEO_API_KEY")
    spoken = parser.add_argument_group("for scripts")
    spoken.add_argument("--json", action="store_true", help="JSON on standard output, all talk on standard error")
    spoken.add_argument(
        "--patience",
        type=seconds,
        metavar="SECONDS",
        help=f"how long to go on trying when it cannot be reached or is busy (default: {PATIENCE:.0f})",
    )
    return parser
