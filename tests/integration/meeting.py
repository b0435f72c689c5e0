"""Somebody else acts between two calls to AWS; and what is asked of AWS, as it is asked."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from lumeo import aws


@contextlib.contextmanager
def before(operation: str, act: Callable[[], Any], nth: int = 1) -> Iterator[None]:
    """Just before the table's `nth` such call (from 1) somebody else acts, once."""
    left = [act, *[None] * (nth - 1)]

    def meet(**_: Any) -> None:
        acting = left.pop() if left else None
        if acting:
            acting()

    with _registered(aws.dynamodb(), f"before-call.dynamodb.{operation}", meet):
        yield


@contextlib.contextmanager
def asked_of_step_functions(operation: str) -> Iterator[list[dict[str, Any]]]:
    """The parameters of every such call, as they are made."""
    found: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        found.append(dict(params))

    with _registered(aws.stepfunctions(), f"before-parameter-build.sfn.{operation}", note):
        yield found


@contextlib.contextmanager
def losing_the_answer(operation: str, nth: int = 1) -> Iterator[None]:
    """The table makes the `nth` such write (from 1), its answer is lost, and AWS's client repeats it."""
    left = [True, *[False] * (nth - 1)]

    def lost(**_: Any) -> int | None:
        return 0 if left and left.pop() else None

    events: Any = aws.dynamodb().meta.events
    events.register_first(f"needs-retry.dynamodb.{operation}", lost)
    try:
        yield
    finally:
        events.unregister(f"needs-retry.dynamodb.{operation}", lost)


@contextlib.contextmanager
def _registered(client: Any, name: str, handler: Callable[..., Any]) -> Iterator[None]:
    client.meta.events.register(name, handler)
    try:
        yield
    finally:
        client.meta.events.unregister(name, handler)
