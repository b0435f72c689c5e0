"""EventBridge: what starts functions without anybody's call, by the clock and when an execution has ended badly."""

from collections.abc import Callable, Mapping
from typing import Any

from local.template import Template
from tests.world.functions import Lambda
from tests.world.hub import Hub
from tests.world.machine import Execution

EVENT_SECONDS = 1.0
"""Until it has told of an execution that ended."""


class Bus:
    """The template's schedules and rules."""

    def __init__(self, hub: Hub, template: Template, functions: Lambda) -> None:
        self.untold = 0
        """Ended executions that nobody was told of yet."""
        self.loses: Callable[[], bool] = lambda: False
        """Whether it loses what it should tell now."""
        self._hub = hub
        self._template = template
        self._functions = functions

    def start(self, needed: Callable[[], bool]) -> None:
        """Let the clock tick. A time at which no function is `needed` is passed over: it would find nothing to do."""
        for function, seconds in self._template.schedules().items():
            self._tick(function, seconds, needed)

    def ended(self, execution: Execution) -> None:
        rules = self._template.rules()
        if execution.status not in {"FAILED", "TIMED_OUT", "ABORTED"} or not rules or self.loses():
            return
        event = event_of(execution)

        def tell() -> None:
            self.untold -= 1
            for function, pattern in rules.items():
                if fits(pattern, event):
                    self._functions.start(function, event)

        self.untold += 1
        self._hub.call_later(EVENT_SECONDS, tell)

    def _tick(self, function: str, seconds: float, needed: Callable[[], bool]) -> None:
        def due() -> None:
            if needed():
                self._functions.start(function, {"source": "aws.events", "detail-type": "Scheduled Event"})
            self._tick(function, seconds, needed)

        self._hub.call_later(seconds, due)


def event_of(execution: Execution) -> dict[str, Any]:
    """What EventBridge says when an execution has ended."""
    arn = execution.arn.rpartition(":")[0].replace(":execution:", ":stateMachine:")
    stopped = execution.stopped or execution.started
    return {
        "version": "0",
        "id": f"event-{execution.name}",
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": arn.split(":")[4],
        "time": stopped.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": arn.split(":")[3],
        "resources": [execution.arn],
        "detail": {
            "executionArn": execution.arn,
            "stateMachineArn": arn,
            "name": execution.name,
            "status": execution.status,
            "startDate": int(execution.started.timestamp() * 1000),
            "stopDate": int(stopped.timestamp() * 1000),
            "input": execution.input,
            "output": execution.output,
        },
    }


def fits(pattern: Any, event: Any) -> bool:
    """Whether an event matches a pattern of plain values."""
    if isinstance(pattern, Mapping):
        return isinstance(event, Mapping) and all(fits(inner, event.get(name)) for name, inner in pattern.items())
    return event in pattern
