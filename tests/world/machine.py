"""A small interpreter of Amazon States Language over the hub, with histories as AWS writes them.

It knows what the project's machine uses and refuses the rest. `tests/reliability/test_machine.py` holds its histories
against moto's.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.world.definition import Failed, check, matches, service, whole
from tests.world.hub import Hub
from tests.world.paths import Absent, at, filled, holds
from tests.world.turns import Flag, Task, Turn

TRANSITION_SECONDS = 0.1


@dataclass(eq=False, slots=True)
class Execution:
    """One run of the machine."""

    arn: str
    name: str
    input: str
    started: datetime
    status: str = "RUNNING"
    stopped: datetime | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    task: Task | None = None
    limit: Turn | None = None


@dataclass(slots=True)
class Token:
    """What waits for SendTaskSuccess: `alive` until the wait is over."""

    execution: Execution
    came: Flag
    output: Any = None
    alive: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What a machine does to the world. Both raise Failed."""

    invoke: Callable[[str, Any, float | None], Any]
    update_item: Callable[[dict[str, Any]], Any]
    ended: Callable[[Execution], None]


class Machine:
    """One state machine and how its executions go."""

    def __init__(self, hub: Hub, definition: Mapping[str, Any], outside: Outside) -> None:
        check(definition)
        self.tokens: dict[str, Token] = {}
        self._hub = hub
        self._definition = definition
        self._outside = outside

    def start(self, execution: Execution) -> None:
        self._note(execution, "ExecutionStarted", "executionStartedEventDetails", input=execution.input)
        execution.task = self._hub.spawn(lambda: self._run(execution), f"run {execution.name}", function="Machine")
        seconds = self._definition.get("TimeoutSeconds")
        if seconds:
            execution.limit = self._hub.call_later(seconds, lambda: self._cut(execution, "TIMED_OUT"))

    def stop(self, execution: Execution) -> None:
        """By hand: at once. A function that runs goes on; nobody hears what it says."""
        self._cut(execution, "ABORTED")

    def _cut(self, execution: Execution, status: str) -> None:
        if execution.status != "RUNNING":
            return
        word = {"ABORTED": "Aborted", "TIMED_OUT": "TimedOut"}[status]
        self._note(execution, f"Execution{word}", f"execution{word}EventDetails")
        self._over(execution, status)
        if execution.task:
            self._hub.kill(execution.task)

    def _over(self, execution: Execution, status: str) -> None:
        execution.status, execution.stopped = status, self._hub.now()
        if execution.limit:
            execution.limit.cancel()
        for token in self.tokens.values():
            token.alive = token.alive and token.execution is not execution
        self._outside.ended(execution)

    def _run(self, execution: Execution) -> None:
        name, given = self._definition["StartAt"], json.loads(execution.input)
        try:
            while name:
                self._hub.sleep(self._hub.chooser.seconds(TRANSITION_SECONDS))
                name, given = self._state(execution, name, given)
        except (Failed, Absent) as error:
            failed = error if isinstance(error, Failed) else Failed("States.Runtime", f"nothing stands at {error}")
            execution.error, execution.cause = failed.error, failed.cause
            details = {"error": failed.error, "cause": failed.cause}
            self._note(execution, "ExecutionFailed", "executionFailedEventDetails", **details)
            self._over(execution, "FAILED")
            return
        execution.output = _text(given)
        self._note(execution, "ExecutionSucceeded", "executionSucceededEventDetails", output=execution.output)
        self._over(execution, "SUCCEEDED")

    def _state(self, execution: Execution, name: str, given: Any) -> tuple[str | None, Any]:
        """Go through one state: the next one's name (None: the end), and what it is given."""
        state = self._definition["States"][name]
        kind = state["Type"]
        self._note(execution, f"{kind}StateEntered", "stateEnteredEventDetails", name=name, input=_text(given))
        context = self._context(execution, name)
        following = state.get("Next")
        match kind:
            case "Choice":
                following = self._chosen(state, given, context)
            case "Wait":
                self._hub.sleep(whole(state["SecondsPath"], given, context, least=0))
            case "Task":
                following, given = self._task(execution, state, given, context)
            case "Fail":
                raise Failed(state.get("Error", ""), state.get("Cause", ""))
        self._note(execution, f"{kind}StateExited", "stateExitedEventDetails", name=name, output=_text(given))
        return following, given

    def _chosen(self, state: Mapping[str, Any], given: Any, context: Mapping[str, Any]) -> Any:
        for rule in state["Choices"]:
            if holds(rule, given, context):
                return rule["Next"]
        if "Default" not in state:
            raise Failed("States.NoChoiceMatched", "no rule holds and there is no Default")
        return state["Default"]

    def _task(
        self, execution: Execution, state: Mapping[str, Any], given: Any, context: dict[str, Any]
    ) -> tuple[str | None, Any]:
        """A task with its repeats and its catches."""
        attempts = [0] * len(state.get("Retry", ()))
        while True:
            try:
                result = self._attempt(execution, state, given, context)
            except Failed as failed:
                wait = self._repeat(state, failed, attempts)
                if wait is not None:
                    context["State"]["RetryCount"] += 1
                    self._hub.sleep(wait)
                    continue
                caught = next((rule for rule in state.get("Catch", ()) if matches(rule, failed)), None)
                if caught is None:
                    raise
                said = {"Error": failed.error, "Cause": failed.cause}
                return caught["Next"], given if "ResultPath" in caught else said
            output = given if "ResultPath" in state else result
            return state.get("Next"), at(state.get("OutputPath", "$"), output, context)

    def _repeat(self, state: Mapping[str, Any], failed: Failed, attempts: list[int]) -> float | None:
        """Seconds until the next attempt; None when there is none."""
        for n, rule in enumerate(state.get("Retry", ())):
            if not matches(rule, failed):
                continue
            if attempts[n] >= rule.get("MaxAttempts", 3):
                return None
            wait = rule.get("IntervalSeconds", 1) * rule.get("BackoffRate", 2.0) ** attempts[n]
            wait = min(wait, rule.get("MaxDelaySeconds", wait))
            attempts[n] += 1
            return float(wait * self._hub.chooser.fraction() if rule.get("JitterStrategy") == "FULL" else wait)
        return None

    def _attempt(self, execution: Execution, state: Mapping[str, Any], given: Any, context: dict[str, Any]) -> Any:
        seconds = state.get("TimeoutSeconds")
        if "TimeoutSecondsPath" in state:
            seconds = whole(state["TimeoutSecondsPath"], given, context, least=1)
        resource = service(state["Resource"])
        token = f"token-{execution.name}-{len(self.tokens)}" if resource[1] == "updateItem.waitForTaskToken" else None
        if token:
            context["Task"] = {"Token": token}
        parameters = filled(state["Parameters"], given, context)
        scheduled = {"parameters": _text(parameters), **({"timeoutInSeconds": seconds} if seconds else {})}
        self._note_task(execution, "TaskScheduled", resource, **scheduled)
        self._note_task(execution, "TaskStarted", resource)
        try:
            if token:
                result = self._called_back(execution, resource, token, parameters, seconds)
            else:
                answered = self._outside.invoke(parameters["FunctionName"], parameters["Payload"], seconds)
                result = {"ExecutedVersion": "$LATEST", "Payload": answered, "StatusCode": 200}
        except Failed as failed:
            said = {"error": failed.error, **({"cause": failed.cause} if failed.cause else {})}
            self._note_task(execution, failed.event, resource, **said)
            raise
        finally:
            context.pop("Task", None)
        self._note_task(execution, "TaskSucceeded", resource, output=_text(result))
        return result

    def _called_back(
        self,
        execution: Execution,
        resource: tuple[str, str],
        token: str,
        parameters: dict[str, Any],
        seconds: int | None,
    ) -> Any:
        """Hand the token out, and wait for it to come back."""
        waiting = self.tokens[token] = Token(execution, Flag(self._hub))
        until = None if seconds is None else self._hub.elapsed() + seconds
        try:
            made = self._outside.update_item(parameters)
            self._note_task(execution, "TaskSubmitted", resource, output=_text(made))
            if not waiting.came.wait(None if until is None else max(0, until - self._hub.elapsed())):
                raise Failed("States.Timeout", event="TaskTimedOut")
        finally:
            waiting.alive = False
        return waiting.output

    def _context(self, execution: Execution, state: str) -> dict[str, Any]:
        return {
            "Execution": {"Id": execution.arn, "Name": execution.name, "Input": json.loads(execution.input)},
            "State": {"Name": state, "RetryCount": 0},
        }

    def _note_task(self, execution: Execution, kind: str, resource: tuple[str, str], **details: Any) -> None:
        named = {"resourceType": resource[0], "resource": resource[1]}
        self._note(execution, kind, f"{kind[0].lower()}{kind[1:]}EventDetails", **named, **details)

    def _note(self, execution: Execution, kind: str, where: str, **details: Any) -> None:
        event = {"id": len(execution.history) + 1, "type": kind, "timestamp": self._hub.now()}
        execution.history.append({**event, where: details} if details else event)


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
