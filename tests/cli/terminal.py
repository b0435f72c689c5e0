"""Terminals of 80 columns: for a command in a process of its own, and for one in this process."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Mapping, Sequence

import pytest

from cli.__main__ import main
from tests.cli.conftest import INSTALLED

COLUMNS = 80
_SECONDS = 30
_LAUNCH = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY); os.execv(sys.argv[1], sys.argv[1:])"
"""Ctrl-C interrupts whose terminal it is typed into: the command's own."""
_PIECES = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|(\n)|([^\x1b\n\r]+)")


class Terminal:
    """An installed command at work in a terminal; `command`: another than ours."""

    def __init__(
        self, *arguments: str, environment: Mapping[str, str] | None = None, command: Sequence[str] = (str(INSTALLED),)
    ) -> None:
        self.shown = ""
        self._screen, theirs = _open()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCH, *command, *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm-256color", **(environment or {})},
            start_new_session=True,
        )
        os.close(theirs)

    @property
    def text(self) -> str:
        """What was shown, without what colours it and moves the cursor."""
        return "".join(newline or text for _, _, newline, text in _PIECES.findall(self.shown))

    def until(self, text: str) -> None:
        """Wait for it to be shown."""
        end = time.monotonic() + _SECONDS
        while text not in self.text:
            found = _read(self._screen)
            self.shown += found
            assert found, self.text
            assert time.monotonic() < end, self.text

    def type(self, keys: str) -> None:
        os.write(self._screen, keys.encode())

    def end(self) -> int:
        """Wait for its end; the exit code."""
        while found := _read(self._screen):
            self.shown += found
        os.close(self._screen)
        return self._process.wait(timeout=_SECONDS)


def typed(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, list[str]]:
    """What a command in this process ends as, and what is on its terminal's screen then."""
    ours, theirs = _open()
    shown: list[str] = []
    reader = threading.Thread(target=lambda: shown.extend(iter(lambda: _read(ours), "")))
    reader.start()
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.setenv("TERM", "xterm-256color")
    with open(theirs, "w", encoding="utf-8") as stream:  # noqa: PTH123 (a terminal has no path here)
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setattr(sys, "stderr", stream)
        code = main(arguments)
        monkeypatch.undo()
    reader.join()
    os.close(ours)
    return code, screen("".join(shown))


def screen(shown: str) -> list[str]:
    """The lines that are there in the end: rich goes up and clears a line to write it anew."""
    lines, row = [""], 0
    for amount, what, newline, text in _PIECES.findall(shown):
        if newline:
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif what == "A":
            row -= int(amount or 1)
        elif what == "K":
            lines[row] = ""
        lines[row] += text
    return [line.rstrip() for line in lines if line.strip()]


def _open() -> tuple[int, int]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    return ours, theirs


def _read(terminal: int) -> str:
    """What was shown since; nothing at the end."""
    try:
        return os.read(terminal, 65_536).decode(errors="replace")
    except OSError:
        return ""
