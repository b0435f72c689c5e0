"""The local AWS refuses what AWS refuses, stops what AWS stops, and tells what AWS tells.

Small state machines of the test's own, run by the local stack's AWS; real time, but little of it.
"""

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_socket import socket_allow_hosts

from local.aws import Aws
from local.environment import variables
from local.events import deliver, matches
from local.template import Template
from tests.waiting import until

LONG = 60
"""Seconds that no test may really wait."""
RETRY_ALL = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 1}]
CATCH_ALL = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
ENDS = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")


class World:
    """An AWS whose one function does what the test says, and what became of its executions."""

    def __init__(self) -> None:
        self.function: Callable[[Any], Any] = lambda event: event
        self.on_end: Callable[[dict[str, Any]], None] = lambda _: None
        self.events: list[dict[str, Any]] = []
        self.aws = Aws(lambda _, event: self.function(event), on_end=self._heard)
        self.states = self.aws.client("stepfunctions")
        self.dynamodb = self.aws.client("dynamodb")
        self._names = (f"run-{number}" for number in itertools.count())

    def _heard(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        self.on_end(event)

    def start(self, states: dict[str, Any], given: Any = None, **options: Any) -> str:
        """A new execution of a machine that begins with the first of these states."""
        name = next(self._names)
        definition = {"StartAt": next(iter(states)), "States": states | {"Caught": {"Type": "Succeed"}}, **options}
        made = self.states.create_state_machine(
            name=name, definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/test"
        )
        started = self.states.start_execution(
            stateMachineArn=made["stateMachineArn"], name=name, input=json.dumps(given or {})
        )
        arn: str = started["executionArn"]
        return arn

    def ended(self, execution: str, seconds: float = 5) -> dict[str, Any]:
        found: dict[str, Any] = until(lambda: self.describe(execution), lambda it: it["status"] != "RUNNING", seconds)
        return found

    def describe(self, execution: str) -> dict[str, Any]:
        found: dict[str, Any] = self.states.describe_execution(executionArn=execution)
        return found

    def history(self, execution: str) -> list[str]:
        return [line["type"] for line in self.states.get_execution_history(executionArn=execution)["events"]]

    def events_of(self, execution: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["detail"]["executionArn"] == execution]

    def token(self, execution: str) -> str:
        """The token of the task that the execution is parked in."""
        key = {"pk": {"S": execution}}
        found = until(
            lambda: self.dynamodb.get_item(TableName="tokens", Key=key).get("Item"), lambda item: item is not None
        )
        token: str = found["task_token"]["S"]
        return token


@pytest.fixture(scope="module")
def _world() -> Iterator[World]:
    world = World()
    with variables(world.aws.environment):
        world.dynamodb.create_table(
            TableName="tokens",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield world
    world.aws.close()


@pytest.fixture
def world(_this_machine_only: None, _world: World) -> Iterator[World]:
    # The executor asks for "localhost", which may mean either.
    socket_allow_hosts(["127.0.0.1", "::1"])
    function, on_end = _world.function, _world.on_end
    yield _world
    _world.function, _world.on_end = function, on_end


def task(**fields: Any) -> dict[str, Any]:
    """A state that invokes the function."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:Step", "Payload.$": "$"},
        "OutputPath": "$.Payload",
        **({} if "Next" in fields else {"End": True}),
        **fields,
    }


def parked(**fields: Any) -> dict[str, Any]:
    """A state that waits for its token to come back."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:dynamodb:updateItem.waitForTaskToken",
        "Parameters": {
            "TableName": "tokens",
            "Key": {"pk": {"S.$": "$$.Execution.Id"}},
            "UpdateExpression": "SET task_token = :token",
            "ExpressionAttributeValues": {":token": {"S.$": "$$.Task.Token"}},
        },
        "TimeoutSeconds": LONG,
        "ResultPath": None,
        **({} if "Next" in fields else {"End": True}),
        **fields,
    }


def pause(seconds: int = LONG) -> dict[str, Any]:
    return {"Type": "Wait", "Seconds": seconds, "End": True}


def failing(_: Any) -> Any:
    raise ValueError("no")


@pytest.mark.parametrize("wait", [1.5, -1, "1", None, True, 0.0])
def test_wait_that_is_no_whole_number_fails_the_run(world: World, wait: Any) -> None:
    execution = world.start({"Wait": {"Type": "Wait", "SecondsPath": "$.wait", "End": True}}, {"wait": wait})

    found = world.ended(execution, 1)

    assert (found["status"], found["error"]) == ("FAILED", "States.Runtime")


@pytest.mark.parametrize("wait", [1.5, -1, "1", None, True, 0, -1.5])
def test_timeout_that_is_no_positive_whole_number_fails_the_run(world: World, wait: Any) -> None:
    """Neither Retry nor Catch sees it, and the function is not called."""
    called: list[Any] = []
    world.function = called.append
    state = task(TimeoutSecondsPath="$.wait", Retry=RETRY_ALL, Catch=CATCH_ALL)
    execution = world.start({"Step": state}, {"wait": wait})

    found = world.ended(execution, 1)

    assert (found["status"], found["error"]) == ("FAILED", "States.Runtime")
    assert world.history(execution) == ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]
    assert called == []


def test_path_to_nothing_fails_the_run(world: World) -> None:
    state = task(Retry=RETRY_ALL, Catch=CATCH_ALL)
    state["Parameters"]["Payload.$"] = "$.not_there"
    execution = world.start({"Step": state})

    found = world.ended(execution, 0.9)

    assert (found["status"], found["error"]) == ("FAILED", "States.Runtime")


def test_stop_in_wait(world: World) -> None:
    execution = world.start({"Wait": pause()})
    until(lambda: world.history(execution), lambda lines: "WaitStateEntered" in lines)
    stopped = world.states.stop_execution(executionArn=execution)
    found = world.describe(execution)

    assert (found["status"], found["stopDate"]) == ("ABORTED", stopped["stopDate"])
    assert world.history(execution) == ["ExecutionStarted", "WaitStateEntered", "ExecutionAborted"]


def test_stop_while_waiting_for_a_token(world: World) -> None:
    """It stays ABORTED, though the task that moto was in wakes now."""
    execution = world.start({"Parked": parked(Catch=CATCH_ALL)})
    token = world.token(execution)
    until(lambda: world.history(execution), lambda lines: "TaskSubmitted" in lines)
    world.states.stop_execution(executionArn=execution)
    at_once = world.describe(execution)["status"], world.history(execution)
    with pytest.raises(world.states.exceptions.TaskTimedOut):
        world.states.send_task_success(taskToken=token, output="{}")
    time.sleep(0.2)

    assert at_once[0] == "ABORTED"
    assert at_once[1][-2:] == ["TaskSubmitted", "ExecutionAborted"]
    assert (world.describe(execution)["status"], world.history(execution)) == at_once


@pytest.mark.parametrize("answer", ["an answer", "an error"])
def test_stop_while_a_function_runs(world: World, answer: str) -> None:
    """The function goes on, as on Lambda; what it answers is not heard."""
    runs, released, calls = threading.Event(), threading.Event(), []

    def function(event: Any) -> Any:
        calls.append(event)
        runs.set()
        assert released.wait(10)
        return event if answer == "an answer" else failing(event)

    world.function = function
    execution = world.start({"Step": task(Next="Again", Retry=RETRY_ALL, Catch=CATCH_ALL), "Again": task()})
    assert runs.wait(5)
    world.states.stop_execution(executionArn=execution)
    at_once = world.describe(execution)["status"], world.history(execution)
    released.set()
    time.sleep(0.3)

    assert at_once == (
        "ABORTED",
        ["ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "ExecutionAborted"],
    )
    assert (world.describe(execution)["status"], world.history(execution)) == at_once
    assert [event["detail"]["status"] for event in world.events_of(execution)] == ["ABORTED"]
    assert len(calls) == 1


def test_stop_between_two_attempts(world: World) -> None:
    called: list[Any] = []

    def function(event: Any) -> Any:
        called.append(event)
        return failing(event)

    world.function = function
    execution = world.start({"Step": task(Retry=RETRY_ALL)})
    until(lambda: world.history(execution), lambda lines: "TaskFailed" in lines)
    world.states.stop_execution(executionArn=execution)
    status = world.describe(execution)["status"]
    time.sleep(1.2)

    assert (status, world.describe(execution)["status"], len(called)) == ("ABORTED", "ABORTED", 1)


def test_stop_right_after_start(world: World) -> None:
    execution = world.start({"Wait": pause()})
    world.states.stop_execution(executionArn=execution)

    assert world.describe(execution)["status"] == "ABORTED"


def test_stop_of_a_run_that_has_ended_changes_nothing(world: World) -> None:
    execution = world.start({"Done": {"Type": "Succeed"}})
    before = world.ended(execution)
    stopped = world.states.stop_execution(executionArn=execution)

    assert stopped["stopDate"] == before["stopDate"]
    assert world.describe(execution)["status"] == "SUCCEEDED"


def test_token_wakes_the_task_once(world: World) -> None:
    execution = world.start({"Parked": parked(Next="After"), "After": pause()})
    token = world.token(execution)
    world.states.send_task_success(taskToken=token, output="{}")
    with pytest.raises(world.states.exceptions.TaskTimedOut):
        world.states.send_task_success(taskToken=token, output="{}")
    until(lambda: world.history(execution), lambda lines: "WaitStateEntered" in lines)

    with pytest.raises(world.states.exceptions.TaskTimedOut):
        world.states.send_task_success(taskToken=token, output="{}")


def test_token_of_a_task_that_has_timed_out_is_dead(world: World) -> None:
    catch = [{"ErrorEquals": ["States.Timeout"], "Next": "After"}]
    execution = world.start({"Parked": parked(TimeoutSeconds=1, Catch=catch), "After": pause()})
    token = world.token(execution)
    until(lambda: world.history(execution), lambda lines: "WaitStateEntered" in lines)

    with pytest.raises(world.states.exceptions.TaskTimedOut):
        world.states.send_task_success(taskToken=token, output="{}")
    with pytest.raises(world.states.exceptions.TaskTimedOut):
        world.states.send_task_failure(taskToken=token)
    with pytest.raises(world.states.exceptions.TaskTimedOut):
        world.states.send_task_heartbeat(taskToken=token)


def test_token_of_a_run_that_has_ended_is_dead(world: World) -> None:
    execution = world.start({"Parked": parked()})
    token = world.token(execution)
    world.states.send_task_success(taskToken=token, output="{}")
    world.ended(execution)

    with pytest.raises(world.states.exceptions.TaskTimedOut):
        world.states.send_task_success(taskToken=token, output="{}")


def test_token_that_nobody_gave_out_is_unknown(world: World) -> None:
    with pytest.raises(world.states.exceptions.InvalidToken):
        world.states.send_task_success(taskToken="made up", output="{}")


def test_each_attempt_has_its_own_token(world: World) -> None:
    retry = [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    execution = world.start({"Parked": parked(TimeoutSeconds=1, Retry=retry)})
    first = world.token(execution)
    second = until(lambda: world.token(execution), lambda token: token != first)
    with pytest.raises(world.states.exceptions.TaskTimedOut):
        world.states.send_task_success(taskToken=first, output="{}")
    world.states.send_task_success(taskToken=second, output="{}")

    assert world.ended(execution)["status"] == "SUCCEEDED"


def test_task_over_its_time_is_over(world: World) -> None:
    """The run goes on at once, and what the function answers later is no part of its history."""
    runs, released = threading.Event(), threading.Event()

    def function(event: Any) -> Any:
        runs.set()
        assert released.wait(10)
        return event

    world.function = function
    catch = [{"ErrorEquals": ["States.Timeout"], "Next": "After"}]
    execution = world.start({"Step": task(TimeoutSeconds=1, Catch=catch), "After": pause()})
    assert runs.wait(5)
    before = until(lambda: world.history(execution), lambda lines: "WaitStateEntered" in lines, 2)
    released.set()
    time.sleep(0.3)

    assert before[-3:] == ["TaskTimedOut", "TaskStateExited", "WaitStateEntered"]
    assert world.history(execution) == before


def test_run_over_its_time_has_timed_out(world: World) -> None:
    """At once, whatever its function does."""
    released = threading.Event()
    world.function = lambda _: released.wait(10)
    execution = world.start({"Step": task()}, TimeoutSeconds=1)
    at_once = world.ended(execution, 2)["status"], world.history(execution)
    released.set()
    time.sleep(0.2)

    assert (at_once[0], at_once[1][-1]) == ("TIMED_OUT", "ExecutionTimedOut")
    assert (world.describe(execution)["status"], world.history(execution)) == at_once


@pytest.mark.parametrize(
    ("status", "states", "options"),
    [
        ("SUCCEEDED", {"Done": {"Type": "Succeed"}}, {}),
        ("FAILED", {"Broken": {"Type": "Fail", "Error": "Broken"}}, {}),
        ("TIMED_OUT", {"Wait": pause()}, {"TimeoutSeconds": 1}),
        ("ABORTED", {"Wait": pause()}, {}),
    ],
)
def test_every_end_is_an_event(world: World, status: str, states: dict[str, Any], options: dict[str, Any]) -> None:
    execution = world.start(states, {"id": "a1"}, **options)
    if status == "ABORTED":
        world.states.stop_execution(executionArn=execution)
    found = world.ended(execution)
    (event,) = until(lambda: world.events_of(execution), bool)
    name = execution.rpartition(":")[2]
    detail = event["detail"]

    assert len(event.pop("id")) == 36
    assert abs(datetime.fromisoformat(event.pop("time")).timestamp() - detail["stopDate"] / 1000) <= 1
    assert detail["startDate"] == int(found["startDate"].timestamp() * 1000)
    assert detail.pop("startDate") <= detail.pop("stopDate")
    assert event == {
        "version": "0",
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": "123456789012",
        "region": "us-east-1",
        "resources": [execution],
        "detail": {
            "executionArn": execution,
            "stateMachineArn": f"arn:aws:states:us-east-1:123456789012:stateMachine:{name}",
            "name": name,
            "status": status,
            "input": '{"id": "a1"}',
            "inputDetails": {"included": True},
            "output": '{"id": "a1"}' if status == "SUCCEEDED" else None,
            "outputDetails": {"included": True} if status == "SUCCEEDED" else None,
        },
    }
    assert [line for line in world.history(execution) if line in ENDS] == [world.history(execution)[-1]]


def test_who_is_told_of_an_end_may_call_aws(world: World) -> None:
    """A stop comes from a request, and the next request waits until it is answered."""
    seen: list[str] = []
    world.on_end = lambda event: seen.append(world.describe(event["detail"]["executionArn"])["status"])
    execution = world.start({"Wait": pause()})
    world.states.stop_execution(executionArn=execution)

    assert until(lambda: seen, bool) == ["ABORTED"]


def test_event_that_is_not_taken_is_logged(world: World, lines: list[str]) -> None:
    world.on_end = failing
    execution = world.start({"Done": {"Type": "Succeed"}})

    until(lambda: lines, lambda seen: any("an event was not taken" in line and execution in line for line in seen))


# Functions that invoke each other


def test_function_invoked_by_an_event_runs_in_its_own_time(world: World) -> None:
    """Who asks for it has the answer before it has begun, or ended."""
    asked, freed = threading.Event(), threading.Event()
    seen: list[Any] = []

    def work(event: Any) -> None:
        asked.set()
        assert freed.wait(LONG)
        seen.append(event)

    world.function = work
    answer = world.aws.client("lambda").invoke(FunctionName="F", InvocationType="Event", Payload=b'{"n": 1}')
    assert (answer["StatusCode"], seen) == (202, [])
    assert asked.wait(LONG)
    freed.set()

    until(lambda: seen, lambda found: found == [{"n": 1}])


def test_function_invoked_by_an_event_may_fail(world: World, lines: list[str]) -> None:
    """Nobody waits for it, so nobody else would say so."""

    def fail(_: Any) -> None:
        raise ValueError("broken")

    world.function = fail
    answer = world.aws.client("lambda").invoke(FunctionName="F", InvocationType="Event", Payload=b"{}")

    assert answer["StatusCode"] == 202
    until(lambda: any("a function failed" in line for line in lines), bool)


def test_unknown_execution_does_not_exist(world: World) -> None:
    known = world.start({"Done": {"Type": "Succeed"}})

    with pytest.raises(world.states.exceptions.ExecutionDoesNotExist):
        world.describe(f"{known}-2")


def test_closed_aws_tells_nobody(world: World) -> None:
    told: list[Any] = []
    other = Aws(lambda *_: None, on_end=told.append)
    world.ended(first := world.start({"Done": {"Type": "Succeed"}}))
    until(lambda: told, bool)
    other.close()
    world.ended(second := world.start({"Done": {"Type": "Succeed"}}))
    until(lambda: world.events_of(second), bool)

    assert [event["resources"] for event in told] == [[first]]


TEMPLATE = """
Parameters: {}
Resources:
  Machine:
    Type: AWS::Serverless::StateMachine
  SweepFunction:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        EveryMinute:
          Type: ScheduleV2
          Properties: {ScheduleExpression: rate(1 minute)}
        RunFailed:
          Type: EventBridgeRule
          Properties:
            Pattern:
              source: [aws.states]
              detail-type: [Step Functions Execution Status Change]
              detail:
                status: [FAILED, TIMED_OUT, ABORTED]
                stateMachineArn: [!Ref Machine]
  OtherFunction:
    Type: AWS::Serverless::Function
    Properties: {}
"""
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:lumeo-local-Machine"


@pytest.fixture
def rules(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    return Template(path).rules()


def ending(**detail: Any) -> dict[str, Any]:
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {"status": "FAILED", "stateMachineArn": MACHINE, "name": "a1", **detail},
    }


@pytest.mark.parametrize(
    ("event", "taken"),
    [
        (ending(), True),
        (ending(status="ABORTED"), True),
        (ending(status="SUCCEEDED"), False),
        (ending(stateMachineArn=f"{MACHINE}-2"), False),
        (ending() | {"source": "aws.batch"}, False),
        (ending() | {"detail-type": "Another"}, False),
        (ending() | {"detail": None}, False),
    ],
)
def test_rule_of_the_template_takes_what_its_pattern_says(
    rules: dict[str, Any], event: dict[str, Any], *, taken: bool
) -> None:
    invoked: list[Any] = []
    deliver(event, rules, lambda name, given: invoked.append((name, given)))

    assert invoked == ([("SweepFunction", event)] if taken else [])


def test_pattern_with_an_operator_is_not_known() -> None:
    with pytest.raises(ValueError, match="does not know"):
        matches({"source": [{"prefix": "aws."}]}, {"source": "aws.states"})
