"""`make bench`: every part in turn, told as it goes. Names of parts measure those alone, and write nothing.

python -m bench [waiting copying …]
"""

import argparse
import importlib
import os
import platform
import sys
import time
from datetime import UTC, datetime

from rich.console import Console
from rich.markdown import Markdown

from bench.report import PAGE, ROOT, Part, markdown, write

PARTS = ("waiting", "webhooks", "copying", "cold", "answering", "scale")
"""Modules of this folder, each with `measure(say) -> Part`; none needs another."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="measure these alone, and write nothing")
    parser.add_argument("--write", action="store_true", help="write the page, with these parts alone")
    options = parser.parse_args()
    chosen, console, begun = options.parts or PARTS, Console(), time.monotonic()
    parts: dict[str, Part] = {}
    for name in chosen:
        parts[name] = _measured(name, console, begun)
        about = _about(time.monotonic() - begun)
        # What comes later may fail.
        if options.write or tuple(chosen) == PARTS:
            write(parts, about)
            console.print(f"written: {PAGE.relative_to(ROOT)}")
    if not options.write and tuple(chosen) != PARTS:
        console.print(Markdown(markdown(parts, about)))
    missed = [figure.name for part in parts.values() for figure in part.figures if figure.verdict.startswith("not")]
    console.print(f"not reached: {missed}" if missed else "every goal is reached")
    return 0


def _measured(name: str, console: Console, begun: float) -> Part:
    def say(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - begun:5.0f} s[/]  {name}: {text}", highlight=False)

    say("begins")
    part: Part = importlib.import_module(f"bench.{name}").measure(say)
    return part


def _about(seconds: float) -> list[str]:
    machine = f"CPython {platform.python_version()} on {os.cpu_count()} {platform.machine()} cores"
    return [
        f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}: {machine}, in {seconds:.0f} s.",
        "Times of a shared machine drift: what is compared was measured in turns, in this run, and read as a ratio.",
    ]


if __name__ == "__main__":
    sys.exit(main())
