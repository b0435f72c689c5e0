"""The Lambda functions, in this process: the same handlers that deploy, called as Lambda calls them."""

import importlib
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from local.template import ACCOUNT, REGION, Function

MAX_ANSWER_BYTES = 6 * 1024 * 1024


@dataclass(slots=True)
class Context:
    """What Lambda tells a handler of its invocation."""

    function_name: str
    memory_limit_in_mb: int
    timeout: int
    function_version: str = "$LATEST"
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    _started: float = field(default_factory=time.monotonic)

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int(1000 * (self.timeout - (time.monotonic() - self._started))))


class Invoking(Protocol):
    """Functions that can be invoked."""

    def invoke(self, name: str, event: Any) -> Any:
        """The handler's result, as JSON carries it. Raises what the handler raises."""


class Functions:
    """All functions of the template, by logical id."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._functions = functions
        self._handlers = {name: importlib.import_module(spec.module).handler for name, spec in functions.items()}

    def invoke(self, name: str, event: Any) -> Any:
        """The handler's result, as JSON carries it. Raises what the handler raises."""
        spec = self._functions[name]
        context = Context(spec.name, spec.memory, spec.timeout)
        # Lambda hands over JSON and takes JSON: what does not survive it must not survive here.
        result = self._handlers[name](json.loads(json.dumps(event)), context)
        if context.get_remaining_time_in_millis() == 0:
            # Too late to stop it, but not to say so: on Lambda it would have been killed.
            raise TimeoutError(f"{name} took longer than its {spec.timeout} s")
        answer = json.dumps(result)
        if len(answer) > MAX_ANSWER_BYTES:
            raise ValueError(f"{name} answered {len(answer)} bytes, which is more than Lambda hands on")
        return json.loads(answer)
