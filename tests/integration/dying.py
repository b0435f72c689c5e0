"""Functions that die in the middle of their work, and writes that AWS answers in a way that moto never does."""

import contextlib
from collections.abc import Iterator
from typing import Any, Literal

from lumeo import aws

WRITES = ("UpdateItem", "TransactWriteItems")


class Death(BaseException):
    """A function's end in the middle of its work: nothing may catch it."""


@contextlib.contextmanager
def dying(writes: int, moment: Literal["before", "after"] = "before") -> Iterator[None]:
    """The table takes so many updates; at the next the function dies, before or after that one is made."""
    events: Any = aws.dynamodb().meta.events
    left = [None] * writes

    def die(**_: Any) -> None:
        if not left:
            raise Death
        left.pop()

    names = [f"{moment}-call.dynamodb.{write}" for write in WRITES]
    for name in names:
        events.register(name, die)
    try:
        with contextlib.suppress(Death):
            yield
    finally:
        for name in names:
            events.unregister(name, die)


@contextlib.contextmanager
def answered_once(write: str, error: dict[str, Any]) -> Iterator[None]:
    """The first such write is refused with that error, and not made."""
    events: Any = aws.dynamodb().meta.events
    left = [error]

    def refuse(**_: Any) -> Any:
        return (Reply(400), left.pop()) if left else None

    events.register(f"before-call.dynamodb.{write}", refuse)
    try:
        yield
    finally:
        events.unregister(f"before-call.dynamodb.{write}", refuse)


@contextlib.contextmanager
def answered(client: Any, call: str, answer: dict[str, Any], status: int = 200) -> Iterator[None]:
    """Every such call (`s3.DeleteObjects`) of a client is answered so, and not made."""

    def say(**_: Any) -> Any:
        return Reply(status), answer

    client.meta.events.register_first(f"before-call.{call}", say)
    try:
        yield
    finally:
        client.meta.events.unregister(f"before-call.{call}", say)


class Reply:
    """What AWS's client sees of an answer to a call that was never made."""

    def __init__(self, status_code: int = 200) -> None:
        self.status_code = status_code
