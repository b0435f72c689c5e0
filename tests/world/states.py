"""Step Functions, as the functions call it: executions by name, and the tokens that wait."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.world.hub import Hub
from tests.world.machine import Execution, Machine, Outside

Answer = tuple[int, dict[str, Any]]


class States:
    """All executions of the one machine that there is."""

    def __init__(self, hub: Hub, arn: str, definition: Mapping[str, Any], outside: Outside) -> None:
        self.executions: dict[str, Execution] = {}
        self.machine = Machine(hub, definition, outside)
        self._hub = hub
        self._arn = arn
        self._operations: dict[str, Callable[[dict[str, Any]], Answer]] = {
            "StartExecution": self._start,
            "DescribeExecution": self._describe,
            "StopExecution": self._stop,
            "SendTaskSuccess": self._succeed,
        }

    def answer(self, operation: str, request: dict[str, Any]) -> Answer:
        """Status and body of a request."""
        if operation not in self._operations:
            raise NotImplementedError(f"Step Functions' {operation}: teach it here")
        return self._operations[operation](request)

    def open(self) -> list[Execution]:
        return [execution for execution in self.executions.values() if execution.status == "RUNNING"]

    def arn(self, name: str) -> str:
        return f"{self._arn.replace(':stateMachine:', ':execution:')}:{name}"

    def _start(self, request: dict[str, Any]) -> Answer:
        name, given = request["name"], request.get("input", "{}")
        known = self.executions.get(name)
        if known is None:
            known = self.executions[name] = Execution(self.arn(name), name, given, self._hub.now())
            self.machine.start(known)
        elif known.status != "RUNNING" or json.loads(known.input) != json.loads(given):
            return _error("ExecutionAlreadyExists", f"Execution Already Exists: '{known.arn}'")
        return 200, {"executionArn": known.arn, "startDate": known.started.timestamp()}

    def _describe(self, request: dict[str, Any]) -> Answer:
        known = self._known(request)
        if known is None:
            return _error("ExecutionDoesNotExist", f"Execution Does Not Exist: '{request['executionArn']}'")
        found = {
            "executionArn": known.arn,
            "stateMachineArn": self._arn,
            "name": known.name,
            "status": known.status,
            "startDate": known.started.timestamp(),
            "stopDate": known.stopped.timestamp() if known.stopped else None,
            "input": known.input,
            "output": known.output,
            "error": known.error,
            "cause": known.cause,
        }
        return 200, {name: value for name, value in found.items() if value is not None}

    def _stop(self, request: dict[str, Any]) -> Answer:
        known = self._known(request)
        if known is None:
            return _error("ExecutionDoesNotExist", f"Execution Does Not Exist: '{request['executionArn']}'")
        self.machine.stop(known)
        return 200, {"stopDate": (known.stopped or self._hub.now()).timestamp()}

    def _succeed(self, request: dict[str, Any]) -> Answer:
        token = self.machine.tokens.get(request["taskToken"])
        if token is None:
            return _error("InvalidToken", "Invalid token")
        if not token.alive or token.came.up:
            return _error("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        token.output = json.loads(request["output"])
        token.came.raise_it()
        return 200, {}

    def _known(self, request: dict[str, Any]) -> Execution | None:
        return self.executions.get(request["executionArn"].rpartition(":")[2])


def _error(code: str, message: str) -> Answer:
    return 400, {"__type": code, "message": message}
