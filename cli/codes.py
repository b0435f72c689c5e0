"""What a command ends as: its exit code, and the error that carries one with what a person is told."""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any

from lumeo.errors import ErrorCode


class Code(IntEnum):
    """The exit codes: a closed list that scripts may rely on."""

    FINE = 0
    FAILED = 1
    WRONG_USE = 2
    CANCELED = 3
    REJECTED = 4
    NOT_FOUND = 5
    NOT_ALLOWED = 6
    UNREACHABLE = 7
    INTERRUPTED = 130


MEANINGS: Mapping[Code, str] = {
    Code.FINE: "fine",
    Code.FAILED: "it failed",
    Code.WRONG_USE: "wrong use, or an input that the model does not take",
    Code.CANCELED: "it was canceled",
    Code.REJECTED: "its content was rejected",
    Code.NOT_FOUND: "there is no such prediction, model, key or stack",
    Code.NOT_ALLOWED: "not allowed: no API key or AWS credentials, or wrong ones",
    Code.UNREACHABLE: "could not be reached, is too busy, or had an error: try again",
    Code.INTERRUPTED: "interrupted; what was submitted goes on",
}

_WORST_FIRST = (
    *(Code.INTERRUPTED, Code.UNREACHABLE, Code.NOT_ALLOWED, Code.WRONG_USE, Code.NOT_FOUND),
    *(Code.FAILED, Code.REJECTED, Code.CANCELED, Code.FINE),
)


class CommandFailed(Exception):
    """A command cannot go on. `lines`: what to tell the person, the first of them in short."""

    def __init__(self, code: Code, *lines: str) -> None:
        super().__init__(lines[0])
        self.code = code
        self.lines = lines


class Uncertain(CommandFailed):
    """Whether a request arrived is not known."""

    def __init__(self, *lines: str) -> None:
        super().__init__(Code.UNREACHABLE, *lines)


def worst(codes: Iterable[Code]) -> Code:
    """What a command ends as that had to do with several."""
    return min(codes, key=_WORST_FIRST.index, default=Code.FINE)


def ending(prediction: Mapping[str, Any]) -> Code:
    """What the end of a prediction is to a script."""
    if prediction["error_code"] == ErrorCode.CONTENT_REJECTED:
        return Code.REJECTED
    return {"succeeded": Code.FINE, "canceled": Code.CANCELED}.get(prediction["status"], Code.FAILED)
