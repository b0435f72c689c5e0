"""`lumeo`: reads the command line, runs one command, and ends with a code that says how it went."""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from cli import options
from cli.codes import Code, CommandFailed
from cli.commands import changing, keys, reading, submitting, watching
from cli.talk import Talk


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Exits with 2 where it cannot be read."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    asked = _read(arguments)
    command = options.Command(asked)
    try:
        return _run(command)
    except BrokenPipeError:
        # Whoever read it has enough: nothing is left to be written at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Code.FINE


def parser() -> ArgumentParser:
    """The whole command line."""
    found = options.root()
    commands = found.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True, prog="lumeo")
    for module in (submitting, watching, reading, changing, keys):
        module.define(commands)
    return found


def _read(arguments: Sequence[str] | None) -> Namespace:
    """The command line as options. Exits with 2 where it is none."""
    found, rest = parser().parse_known_args(arguments, Namespace(**options.DEFAULTS))
    # argparse takes no more pairs once an option came between.
    pairs = [text for text in rest if "=" in text and not text.startswith("-")] if "pairs" in found else []
    unknown = [text for text in rest if text not in pairs]
    if unknown:
        found.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    if sum(map(bool, (found.url, found.stack, found.ready_file))) > 1:
        found.parser.error("--url, --stack and --ready-file exclude each other")
    if pairs:
        found.pairs += pairs
    return found


def _run(command: options.Command) -> int:
    try:
        code: Code = command.options.run(command)
        sys.stdout.flush()
    except CommandFailed as failed:
        _tell(command.talk, failed.lines)
        return failed.code
    except KeyboardInterrupt:
        _tell(command.talk, ("Interrupted.",))
        return Code.INTERRUPTED
    except BrokenPipeError:
        raise
    except OSError as error:
        _tell(command.talk, (f"{error.strerror or error}: {error.filename}" if error.filename else str(error),))
        return Code.FAILED
    return code


def _tell(talk: Talk, lines: Sequence[str]) -> None:
    talk.say(f"lumeo: {lines[0]}", "red")
    for line in lines[1:]:
        talk.say(f"  {line}")


if __name__ == "__main__":
    sys.exit(main())
