"""What a run is billed for, by its real history, is what bench/looks.py computes: docs/cost.md rests on it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from werkzeug.wrappers import Request, Response

from bench.looks import in_vain, looks, transitions
from local.serving import Server
from tests.stack import Caller, Stack
from tests.waiting import until


def entered(stack: Stack, prediction_id: str) -> list[str]:
    """Every state that the run entered, once it has ended."""
    until(lambda: stack.run_status(prediction_id), lambda status: status != "RUNNING", 40)
    events = [event.get("stateEnteredEventDetails") for event in stack.history(prediction_id)]
    return [event["name"] for event in events if event]


def computed(names: list[str], tellings: int = 0) -> float:
    """What is computed for a run with so many looks in vain; Finalize looks too, when somebody woke it."""
    last = len(names) - 1 - names[::-1].index("Finalize")
    vain = names.count("Finalize") - 1
    woken = names[last - 1] == "WaitForWebhook"
    return transitions(looks=names.count("Status") + vain, woken=woken, tellings=tellings)


@contextmanager
def receiver(*statuses: int) -> Iterator[str]:
    """A caller's application, which answers with these, one after another."""
    left = list(statuses)

    @Request.application
    def answer(_: Request) -> Response:
        return Response(status=left.pop(0))

    with Server(answer) as server:
        yield f"{server.url}/told"


def test_a_webhook_in_time(stack: Stack, caller: Caller) -> None:
    names = entered(stack, caller.submit("sim/video", prompt="in time")["id"])

    assert len(names) == transitions(looks=in_vain(3.5), woken=True) == 6


def test_a_failure_costs_as_much(stack: Stack, caller: Caller) -> None:
    names = entered(stack, caller.submit("sim/script", starting=0.5, processing=3, status="failed")["id"])

    assert len(names) == computed(names) <= 6


def test_each_webhook_that_is_lost_costs_a_round(stack: Stack, caller: Caller) -> None:
    stack.fault(call="webhook", kind="lose", model="sim/slow", times=-1)
    names = entered(stack, caller.submit("sim/slow", prompt="lost")["id"])

    assert len(names) == computed(names) == 3 * names.count("Status") + 5
    assert "Status" in names


def test_without_webhook_each_look_is_a_round(stack: Stack, caller: Caller) -> None:
    body = {"provider": "bfl", "model": "flux-2-pro", "input": {"prompt": "a corgi"}}
    made = caller.call("POST", "/predictions", json=body).json()
    names = entered(stack, made["id"])

    assert names.count("Wait") == names.count("Status") == 2
    assert len(names) == transitions(looks=2) == 11


def test_a_cancel_ends_the_wait(stack: Stack, caller: Caller) -> None:
    made = caller.submit("sim/stuck", prompt="canceled")
    until(lambda: "task_token" in stack.record(made["id"]), bool)
    caller.call("POST", f"/predictions/{made['id']}/cancel")

    assert len(entered(stack, made["id"])) == transitions(woken=True)


@pytest.mark.parametrize("statuses", [[204], [500, 204]])
def test_each_attempt_to_tell_the_caller(stack: Stack, caller: Caller, statuses: list[int]) -> None:
    with receiver(*statuses) as url:
        body = {"input": {"prompt": "told"}, "webhook": url, "webhook_events_filter": ["completed"]}
        made = caller.call("POST", "/models/sim/image/predictions", json=body).json()
        names = entered(stack, made["id"])

    assert len(names) == computed(names, len(statuses))
    assert names.count("Announce") == len(statuses)


def test_what_ends_at_once_is_seen_in_the_same_call(stack: Stack, caller: Caller) -> None:
    """Once it is known of a model that it takes no longer than a transition is worth."""
    for _ in range(5):
        names = entered(stack, caller.submit("sim/nested", prompt="at once")["id"])

    assert len(names) == transitions() == 5


def test_the_geometric_schedule_of_a_model_that_nobody_knows() -> None:
    assert looks(0.5) == 1
    assert looks(7) == pytest.approx(4.2, abs=0.5)
    assert in_vain(5.5) == 0
    assert in_vain(7) == 1
