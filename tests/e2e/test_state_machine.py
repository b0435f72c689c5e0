"""The runs as Step Functions keeps them: what people see in its console."""

import json
from typing import Any

import pytest

from tests.stack import Caller, Stack
from tests.waiting import until

TRAVELS = {"id", "next", "wait", "wakes", "polls", "provider", "model", "upstream_id"}


def entered(history: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """The states that were entered, in order, each with its input."""
    found = [event["stateEnteredEventDetails"] for event in history if event["type"].endswith("StateEntered")]
    return [(state["name"], json.loads(state["input"])) for state in found]


def waits(history: list[dict[str, Any]]) -> list[int]:
    """Seconds of each wait for a webhook that was begun."""
    return [given["wait"] for name, given in entered(history) if name == "WaitForWebhook"]


def test_waits_grow(stack: Stack, caller: Caller) -> None:
    """Of a model of which nothing is ever learnt, since none of its predictions ends by itself."""
    made = caller.submit("sim/stuck", prompt="waited for")
    first, second = until(lambda: waits(stack.history(made["id"])), lambda begun: len(begun) == 2, 15)
    caller.call("POST", f"/predictions/{made['id']}/cancel")

    assert first == 6
    assert 8 <= second <= 10


def test_a_webhook_ends_the_wait(stack: Stack, caller: Caller) -> None:
    """The look comes when the provider calls, not when the wait would have been over."""
    made = caller.submit("sim/audio", prompt="a corgi")
    caller.ended(made["id"])
    until(lambda: stack.run_status(made["id"]), lambda status: status != "RUNNING")

    history = stack.history(made["id"])
    assert waits(history) == [6]
    seconds = (history[-1]["timestamp"] - history[0]["timestamp"]).total_seconds()
    assert seconds < 4


def test_a_run_reads_as_the_way_of_a_prediction(stack: Stack, caller: Caller) -> None:
    made = caller.submit("sim/audio", prompt="a corgi")
    caller.ended(made["id"])

    assert until(lambda: stack.run_status(made["id"]), lambda status: status != "RUNNING") == "SUCCEEDED"
    names = [name for name, _ in entered(stack.history(made["id"]))]
    assert " ".join(names) == "Create Next? WaitForWebhook Finalize Next? Done"


def test_nothing_but_a_few_names_travels(stack: Stack, caller: Caller) -> None:
    """Neither input, output nor an error's text is in the history, which everybody with the console reads."""
    made = caller.submit("sim/traceback", prompt="xyzzy-prompt")
    caller.ended(made["id"])

    history = stack.history(made["id"])
    text = json.dumps(history, default=str)
    assert "xyzzy" not in text
    assert "Traceback" not in text
    assert all(given.keys() <= TRAVELS for _, given in entered(history))


def test_a_run_is_named_after_its_prediction(stack: Stack, caller: Caller) -> None:
    made = caller.submit("sim/instant", prompt="a corgi")

    first = until(lambda: stack.history(made["id"]), bool)[0]
    assert json.loads(first["executionStartedEventDetails"]["input"]) == {"id": made["id"]}
    assert stack.record(made["id"])["run"] == {"S": made["id"]}


def test_a_run_that_is_stopped_by_hand_stops_its_prediction(stack: Stack, caller: Caller) -> None:
    """That is what the person meant: the next run sees to it at once, and tells the provider."""
    made = caller.submit("sim/stuck", prompt="stopped")
    until(lambda: stack.record(made["id"])["phase"]["S"], lambda phase: phase == "running")
    stack.client("stepfunctions").stop_execution(executionArn=stack.execution(made["id"]))

    assert until(lambda: stack.run_status(made["id"]), lambda status: status != "RUNNING", 3) == "ABORTED"
    assert caller.ended(made["id"], 15)["status"] == "canceled"
    assert stack.record(made["id"])["run"] == {"S": f"{made['id']}-2"}
    (upstream,) = stack.simulator("predictions", webhook_contains=made["id"])
    assert upstream["status"] == "canceled"


@pytest.mark.parametrize("wait", [1.5, -1, "1"])
def test_a_wait_that_is_no_whole_number_fails_the_run(stack: Stack, wait: Any) -> None:
    """AWS refuses it, so what runs here must not rely on it."""
    client = stack.client("stepfunctions")
    definition = {
        "StartAt": "Wait",
        "States": {
            "Wait": {"Type": "Wait", "SecondsPath": "$.wait", "Next": "Done"},
            "Done": {"Type": "Succeed"},
        },
    }
    name = f"strict-{str(wait).replace('.', '_')}"
    machine = client.create_state_machine(
        name=name, definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/test"
    )["stateMachineArn"]
    run = client.start_execution(stateMachineArn=machine, name="run", input=json.dumps({"wait": wait}))["executionArn"]

    found = until(lambda: client.describe_execution(executionArn=run), lambda run: run["status"] != "RUNNING", 5)
    assert found["status"] == "FAILED"
    assert found["error"] == "States.Runtime"
