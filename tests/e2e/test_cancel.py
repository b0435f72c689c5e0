"""Cancel through the whole machine: told upstream, written in the record, and the run ends, each once."""

from tests.stack import Caller, Stack
from tests.waiting import until


def test_cancel_midway(stack: Stack, caller: Caller) -> None:
    made = caller.submit("sim/stuck", prompt="midway")
    until(lambda: caller.get(made["id"])["status"], lambda status: status == "processing")

    answer = caller.call("POST", f"/predictions/{made['id']}/cancel")

    assert answer.status_code == 200
    assert answer.json()["status"] == "canceled"
    record = stack.record(made["id"])
    assert record["verdict"]["M"]["status"] == {"S": "canceled"}
    (truth,) = [p for p in stack.simulator("predictions") if p["id"] == record["handle"]["M"]["id"]["S"]]
    assert (truth["status"], truth["cancel_calls"]) == ("canceled", 1)
    assert until(lambda: stack.run_status(made["id"]), lambda status: status != "RUNNING", 10) == "SUCCEEDED"
    assert stack.record(made["id"]) == record


def test_cancel_at_once(stack: Stack, caller: Caller) -> None:
    """Whether the submission was made yet or not: in the end nothing runs upstream."""
    made = caller.submit("sim/stuck", prompt="at once")
    caller.call("POST", f"/predictions/{made['id']}/cancel")

    assert caller.ended(made["id"])["status"] == "canceled"
    assert [p["status"] for p in stack.simulator("predictions") if p["input"] == {"prompt": "at once"}] in (
        [],
        ["canceled"],
    )


def test_cancel_of_a_finished_one_changes_nothing(caller: Caller) -> None:
    made = caller.submit("sim/instant", prompt="finished")
    ended = caller.ended(made["id"])

    answer = caller.call("POST", f"/predictions/{made['id']}/cancel")

    assert (answer.status_code, answer.json()) == (200, ended)


def test_cancel_twice(caller: Caller) -> None:
    made = caller.submit("sim/stuck", prompt="twice")
    first, second = (caller.call("POST", f"/predictions/{made['id']}/cancel") for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 200)
    assert caller.ended(made["id"])["status"] == "canceled"
