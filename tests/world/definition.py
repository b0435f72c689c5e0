"""The definition of a machine: what of Amazon States Language is known here, and how single fields are read."""

from collections.abc import Mapping
from typing import Any

from tests.world.paths import Unknown, at

LAMBDA = "states:::lambda:invoke"
CALLBACK = "states:::aws-sdk:dynamodb:updateItem.waitForTaskToken"

_COMMON = {"Type", "Comment", "Next", "End"}
_TASK = {"Resource", "Parameters", "OutputPath", "ResultPath", "TimeoutSeconds", "TimeoutSecondsPath", "Retry", "Catch"}
FIELDS = {
    "Task": _COMMON | _TASK,
    "Choice": {"Type", "Comment", "Choices", "Default"},
    "Wait": _COMMON | {"SecondsPath"},
    "Succeed": {"Type", "Comment"},
    "Fail": {"Type", "Comment", "Error", "Cause"},
}
RETRY_FIELDS = {
    "ErrorEquals",
    "IntervalSeconds",
    "BackoffRate",
    "MaxDelaySeconds",
    "MaxAttempts",
    "JitterStrategy",
    "Comment",
}
CATCH_FIELDS = {"ErrorEquals", "ResultPath", "Next", "Comment"}


class Failed(Exception):
    """A state's error, by the name that Retry and Catch know it by. `event`: what the history says of it."""

    def __init__(self, error: str, cause: str = "", event: str = "TaskFailed") -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause
        self.event = event


def check(definition: Mapping[str, Any]) -> None:
    """Raise Unknown for what this interpreter would pass over."""
    _known(definition, {"Comment", "StartAt", "TimeoutSeconds", "States"}, "the machine")
    for name, state in definition["States"].items():
        if state["Type"] not in FIELDS:
            raise Unknown(f"{name}: the type {state['Type']}")
        _known(state, FIELDS[state["Type"]], name)
        for rule in state.get("Retry", ()):
            _known(rule, RETRY_FIELDS, f"{name}, Retry")
        for rule in (state, *state.get("Catch", ())):
            if rule is not state:
                _known(rule, CATCH_FIELDS, f"{name}, Catch")
            if rule.get("ResultPath") is not None:
                raise Unknown(f"{name}: a ResultPath that is not null")
        if state["Type"] == "Task":
            service(state["Resource"])


def _known(found: Mapping[str, Any], fields: set[str], where: str) -> None:
    if set(found) - fields:
        raise Unknown(f"{where}: {', '.join(sorted(set(found) - fields))}")


def service(resource: str) -> tuple[str, str]:
    """A resource as histories name it: its type and its action."""
    if resource.endswith(LAMBDA):
        return "lambda", "invoke"
    if resource.endswith(CALLBACK):
        return "aws-sdk:dynamodb", "updateItem.waitForTaskToken"
    raise Unknown(f"the resource {resource}")


def matches(rule: Mapping[str, Any], failed: Failed) -> bool:
    names = rule["ErrorEquals"]
    every = "States.ALL" in names and failed.error not in {"States.Runtime", "States.DataLimitExceeded"}
    of_task = "States.TaskFailed" in names and failed.error not in {"States.Timeout", "States.Runtime"}
    return failed.error in names or every or of_task


def whole(path: str, given: Any, context: Mapping[str, Any], *, least: int) -> int:
    """A number of seconds, as strict as AWS."""
    seconds = at(path, given, context)
    if type(seconds) is not int or seconds < least:
        raise Failed("States.Runtime", f"{path} is no whole number from {least}: {seconds!r}")
    return seconds
