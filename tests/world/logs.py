"""What the functions print: the lines that CloudWatch would hold."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from lumeo.telemetry import logger


class _Lines:
    """As much of a stream as a logging handler uses."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def write(self, text: str) -> None:
        self._lines += [line for line in text.splitlines() if line]

    def flush(self) -> None:
        """Nothing is held back."""


class _Others(logging.Handler):
    """What the libraries log, as Lambda prints it."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != "lumeo":
            self._lines.append(f"{record.levelname} {record.name} {self.format(record)}")


@contextmanager
def captured(lines: list[str]) -> Iterator[None]:
    """Run a block whose log goes to these lines, and what it prints, which is how metrics get there."""
    printed: Any = _Lines(lines)
    with logged(lines), redirect_stdout(printed):
        yield


@contextmanager
def logged(lines: list[str]) -> Iterator[None]:
    """Run a block whose log goes to these lines."""
    handler: Any = logger.logger_handler
    before = handler.setStream(_Lines(lines))
    others = _Others(lines)
    logging.getLogger().addHandler(others)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(others)
        handler.setStream(before)
