"""Functions that invoke others by an event: on Lambda in their own time, here when the test says so."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from lumeo import aws
from tests.integration.dying import Reply

Invocation = tuple[str, dict[str, Any]]
"""A function's name, and its event."""


@contextlib.contextmanager
def invocations() -> Iterator[list[Invocation]]:
    """All that Lambda was asked for, in order; nothing is invoked."""
    asked: list[Invocation] = []

    def take(params: dict[str, Any], **_: Any) -> Any:
        assert params["headers"]["X-Amz-Invocation-Type"] == "Event", "nobody waits for another function"
        asked.append((params["url_path"].split("/")[-2], json.loads(params["body"])))
        return Reply(202), {"StatusCode": 202}

    events: Any = aws.functions().meta.events
    events.register("before-call.lambda.Invoke", take)
    try:
        yield asked
    finally:
        events.unregister("before-call.lambda.Invoke", take)
