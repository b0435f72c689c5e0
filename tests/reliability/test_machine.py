"""The interpreter of the virtual world goes the ways that moto's executor goes: one history, event by event."""

import json
import time
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import pytest
import yaml
from moto import mock_aws
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackEndpoint, CallbackOutcomeSuccess

from local import strictness
from tests.conftest import template
from tests.world import cloud
from tests.world.chooser import Script
from tests.world.definition import Failed, check
from tests.world.hub import BEGIN, Hub
from tests.world.machine import Execution, Machine, Outside
from tests.world.paths import Unknown

RUN = "01m7yrrtar57cb5tq40xjaap3e"
STARTED = json.dumps({"id": RUN})
ROLE = "arn:aws:iam::123456789012:role/test"
NEVER = "never"
"""The answer of a function that gives none."""


def goes_on(following: str, wait: Any = 1, **more: Any) -> dict[str, Any]:
    return {"id": RUN, "next": following, "wait": wait, "polls": 0, "provider": "replicate", **more}


def parks(wakes: int, wait: Any = 7) -> dict[str, Any]:
    return goes_on("Status", wait, wakes=wakes)


@dataclass
class Played:
    """What everybody around a run does: the functions' answers in order, and how each wait for a webhook ends."""

    answers: list[Any]
    waits: list[str] = field(default_factory=list)

    def answer(self) -> Any:
        return self.answers.pop(0)


FAULT = Failed("Passing", json.dumps({"errorType": "Passing", "errorMessage": "for now"}, separators=(",", ":")))
END = goes_on("End")
PATHS: dict[str, Played] = {
    "happy": Played([goes_on("Status"), goes_on("Finalize"), END]),
    "overtaken at once": Played([END]),
    "no room twice": Played([goes_on("Create", 30), goes_on("Create", 2), goes_on("Status"), goes_on("Finalize"), END]),
    "several looks": Played([goes_on("Status", n) for n in (1, 2, 3, 5)] + [goes_on("Finalize"), END]),
    "webhook in time": Played([parks(0), goes_on("Finalize"), END], ["came"]),
    "webhook too late": Played([parks(0), goes_on("Finalize"), END], ["late"]),
    "webhook before the wait": Played([parks(3), parks(0), goes_on("Finalize"), END], ["late"]),
    "webhooks and none": Played([parks(0), parks(0), parks(0), goes_on("Finalize"), END], ["late", "came", "late"]),
    "a fresh look": Played([goes_on("Status"), goes_on("Finalize"), goes_on("Status"), goes_on("Finalize"), END]),
    "repeated": Played([FAULT, FAULT, goes_on("Status"), FAULT, goes_on("Finalize"), FAULT, END]),
    "given up": Played([goes_on("Status")] + [FAULT] * 9),
    "unknown step": Played([goes_on("Status"), goes_on("Dance")]),
    "a wait that is none": Played([goes_on("Status", 1.5)]),
    "a negative wait": Played([goes_on("Create", -1)]),
    "a time-out of zero": Played([parks(0, wait=0)]),
    "without an answer": Played([goes_on("Status"), NEVER, goes_on("Finalize"), END]),
    "told": Played([goes_on("Status"), goes_on("Finalize"), goes_on("Announce"), END]),
    "told at last": Played([goes_on("Announce"), goes_on("Announce", 5), FAULT, goes_on("Announce", 900), END]),
    "telling fails": Played([goes_on("Announce")] + [FAULT] * 9),
    "told without an answer": Played([goes_on("Announce"), NEVER, END]),
    "telling goes nowhere": Played([goes_on("Announce"), goes_on("Status")]),
}


@pytest.fixture(scope="module")
def definition() -> dict[str, Any]:
    """The project's own, but for tasks that time out sooner, which moto waits for in real time."""
    found: dict[str, Any] = yaml.safe_load(template().definition())
    for state in found["States"].values():
        if "TimeoutSeconds" in state:
            state["TimeoutSeconds"] = 1
    return found


@pytest.fixture
def aws() -> Iterator[None]:
    """A table with the one prediction, in moto, whose executor does not wait."""
    strictness.apply()
    waits = CallbackEndpoint.wait
    config: Any = {"stepfunctions": {"execute_state_machine": True}, "core": {"reset_boto3_session": False}}
    with (
        mock_aws(config=config),
        mock.patch.object(WaitFunction, "_wait_interval", return_value=None),
        mock.patch.object(retrier_decl, "time", types.SimpleNamespace(sleep=lambda _: None)),
        mock.patch.object(CallbackEndpoint, "wait", lambda self, timeout=None: waits(self, (timeout or 0) * 0.001)),
    ):
        cloud.create(template(), {})
        key = {"S": f"prediction#{RUN}"}
        cloud.client("dynamodb").put_item(
            TableName=template().name("Table"), Item={"pk": key, "run": {"S": RUN}, "wakes": {"N": "0"}}
        )
        yield


@pytest.mark.parametrize("path", PATHS)
def test_history(aws: None, definition: dict[str, Any], path: str) -> None:
    """The same events, states, inputs and outputs, in the same order."""
    played = PATHS[path]
    theirs = by_moto(definition, Played(list(played.answers), list(played.waits)))
    ours = by_the_world(definition, Played(list(played.answers), list(played.waits)))

    assert [compared(event) for event in ours] == [compared(event) for event in theirs]


def test_paths_cover_the_machine(aws: None, definition: dict[str, Any]) -> None:
    """No state is left out of the comparison."""
    entered = {
        event["stateEnteredEventDetails"]["name"]
        for played in PATHS.values()
        for event in by_the_world(definition, Played(list(played.answers), list(played.waits)))
        if "stateEnteredEventDetails" in event
    }

    assert entered == set(definition["States"])


def test_choice_without_a_value(aws: None, definition: dict[str, Any]) -> None:
    """AWS fails a run whose Choice finds nothing where it looks; moto goes on to the Default."""
    history = by_the_world(definition, Played([{"id": RUN}]))

    assert history[-1]["executionFailedEventDetails"]["error"] == "States.Runtime"


def test_run_that_takes_too_long(aws: None, definition: dict[str, Any]) -> None:
    """The machine's own time-out ends it wherever it stands, and nothing comes after that."""
    forever = Played([goes_on("Status", 100), goes_on("Status", 100), NEVER])
    history = by_the_world({**definition, "TimeoutSeconds": 150}, forever)

    assert [event["type"] for event in history[-2:]] == ["WaitStateEntered", "ExecutionTimedOut"]


@pytest.mark.parametrize(
    "change",
    [
        {"Type": "Parallel", "Branches": []},
        {"Type": "Wait", "Seconds": 1, "Next": "Done"},
        {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {}, "End": True},
        {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "ResultSelector": {}, "End": True},
        {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "ResultPath": "$.x", "End": True},
        {"Type": "Succeed", "OutputPath": "$.x"},
    ],
    ids=lambda change: "-".join(sorted(change)),
)
def test_what_it_does_not_know_it_refuses(definition: dict[str, Any], change: dict[str, Any]) -> None:
    """A new word in the definition must not be passed over."""
    with pytest.raises(Unknown):
        check({**definition, "States": {**definition["States"], "Done": change}})


def by_moto(definition: dict[str, Any], played: Played) -> list[dict[str, Any]]:
    """The history of a run in moto's executor."""
    states = cloud.client("stepfunctions")

    def invoke(**_: Any) -> dict[str, Any]:
        answer = played.answer()
        if answer is NEVER:
            time.sleep(1.5)
            answer = None
        if isinstance(answer, Failed):
            return {"FunctionError": "Unhandled", "Payload": json.loads(answer.cause), "StatusCode": 200}
        return {"Payload": answer, "StatusCode": 200, "ExecutedVersion": "$LATEST"}

    parked = CallbackEndpoint.wait

    def wait(self: CallbackEndpoint, timeout: float | None = None) -> Any:
        if played.waits.pop(0) == "came":
            self.notify(CallbackOutcomeSuccess(self.callback_id, "{}"))
        return parked(self, timeout)

    with (
        mock.patch.object(lambda_eval_utils, "_invoke_lambda_function", invoke),
        mock.patch.object(CallbackEndpoint, "wait", wait),
    ):
        machine = states.create_state_machine(name="machine", definition=json.dumps(definition), roleArn=ROLE)
        run = states.start_execution(stateMachineArn=machine["stateMachineArn"], name=RUN, input=STARTED)
        until = time.monotonic() + 20
        while states.describe_execution(executionArn=run["executionArn"])["status"] == "RUNNING":
            assert time.monotonic() < until
            time.sleep(0.005)
    found: list[dict[str, Any]] = states.get_execution_history(executionArn=run["executionArn"], maxResults=1000)[
        "events"
    ]
    return found


def by_the_world(definition: dict[str, Any], played: Played) -> list[dict[str, Any]]:
    """The history of a run in the world's interpreter."""
    hub = Hub(Script())

    def invoke(_: str, __: Any, seconds: float | None) -> Any:
        answer = played.answer()
        if answer is NEVER:
            hub.sleep(seconds or 0)
            raise Failed("States.Timeout", event="TaskTimedOut")
        if isinstance(answer, Failed):
            raise answer
        return answer

    def update_item(request: dict[str, Any]) -> Any:
        made = cloud.update_item(request)
        if played.waits.pop(0) == "came":
            token = machine.tokens[request["ExpressionAttributeValues"][":token"]["S"]]
            token.output = {}
            hub.call_later(3, token.came.raise_it)
        return made

    machine = Machine(hub, definition, Outside(invoke=invoke, update_item=update_item, ended=lambda _: None))
    execution = Execution("arn", RUN, STARTED, BEGIN)
    machine.start(execution)
    hub.run(lambda: execution.status != "RUNNING")
    return execution.history


def compared(event: dict[str, Any]) -> dict[str, Any]:
    """What an event says, but for when, and for names that moto and AWS make up."""
    details: dict[str, Any] = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
    said: dict[str, Any] = {
        name: details[name] for name in ("name", "resource", "resourceType", "timeoutInSeconds") if name in details
    }
    for name in ("input", "output", "parameters"):
        if name in details:
            said[name] = _plain(json.loads(details[name]))
    if details.get("error") != "States.Runtime" and "error" in details:
        said["error"] = details["error"]
    return {"type": event["type"], **said}


def _plain(value: Any) -> Any:
    """An answer of Lambda's without its envelope, a token without its letters."""
    if isinstance(value, dict) and "Payload" in value:
        return value["Payload"]
    if isinstance(value, dict) and ":token" in value.get("ExpressionAttributeValues", {}):
        values = {**value["ExpressionAttributeValues"], ":token": "token"}
        return {**value, "ExpressionAttributeValues": values}
    return value
