"""Lambda over the hub: each invocation is a task, killed at the function's time-out."""

import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.functions import MAX_ANSWER_BYTES, Context, Functions
from local.template import Function
from tests.world.definition import Failed
from tests.world.hub import Hub
from tests.world.turns import Task

EVENT_SECONDS = 1.0
"""Until a function that is invoked as an event begins."""


@dataclass(slots=True)
class VirtualContext(Context):
    """A context whose time is the hub's."""

    hub: Hub | None = None
    begun: float = 0.0

    def get_remaining_time_in_millis(self) -> int:
        assert self.hub
        return max(0, int(1000 * (self.timeout - (self.hub.elapsed() - self.begun))))


class Lambda(Functions):
    """All functions of the template. `freshen` is called before each invocation: what a cold start forgets.

    `lines`: where Lambda writes by itself what a function raises.
    """

    def __init__(
        self, hub: Hub, functions: Mapping[str, Function], lines: list[str], freshen: Callable[[], None]
    ) -> None:
        super().__init__(functions)
        self._hub = hub
        self._lines = lines
        self._freshen = freshen
        self._lost: set[Task] = set()

    def start(self, name: str, event: Any) -> Task:
        """Invoke a function, and leave it to itself. Its result is its answer, or Failed."""
        spec = self._functions[name]
        context = VirtualContext(spec.name, spec.memory, spec.timeout, hub=self._hub, begun=self._hub.elapsed())
        sent = json.dumps(event)

        def run() -> Any:
            self._freshen()
            try:
                answer = json.dumps(self._handlers[name](json.loads(sent), context))
            except Exception as error:  # noqa: BLE001 (Lambda reports every exception of a handler)
                self._lines.append(f"[ERROR] {traceback.format_exc()}")
                return _failure(type(error).__name__, str(error))
            finally:
                limit.cancel()
            if len(answer) > MAX_ANSWER_BYTES:
                return _failure("Function.ResponseSizeTooLarge", f"{len(answer)} bytes")
            return json.loads(answer)

        def expire() -> None:
            task.result = _failure("Sandbox.Timedout", f"Task timed out after {spec.timeout:.2f} seconds")
            self._hub.kill(task)

        limit = self._hub.call_later(spec.timeout, expire)
        task = self._hub.spawn(run, name, function=name.removesuffix("Function"))
        return task

    def send(self, name: str, event: Any) -> None:
        """Invoke a function as an event: it begins in a moment, and nobody hears what becomes of it."""

        def begin() -> None:
            self._hub.sleep(self._hub.chooser.seconds(EVENT_SECONDS))
            self.start(name, event)

        self._hub.spawn(begin, f"event for {name}")

    def invoke(self, name: str, event: Any) -> Any:
        """The function's answer. Raises Failed."""
        return self.outcome(self.start(name, event))

    def outcome(self, task: Task, seconds: float | None = None) -> Any:
        """The answer of a function that was started. Raises Failed, also when it takes longer than `seconds`."""
        assert task.ended
        if not task.ended.wait(seconds):
            raise Failed("States.Timeout", event="TaskTimedOut")
        if task in self._lost:
            raise _failure(
                "Lambda.Unknown", "The cause could not be determined because Lambda did not return an error type."
            )
        if task.killed and task.result is None:
            raise _failure("Runtime.ExitError", "Runtime exited without providing a reason")
        if isinstance(task.result, Failed):
            raise task.result
        return task.result

    def lose(self, task: Task) -> None:
        """Let whoever waits for a function hear that nobody knows what became of it; it goes on."""
        assert task.ended
        self._lost.add(task)
        task.ended.raise_it()


def _failure(kind: str, message: str) -> Failed:
    return Failed(kind, json.dumps({"errorType": kind, "errorMessage": message}, separators=(",", ":")))
