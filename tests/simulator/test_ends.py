"""Runs that somebody or something ends: a cancel, a deadline; and what is left an hour later."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.simulator import DEFAULT_TOKEN, Simulator, serve
from tests.simulator.caller import Caller, HandClock
from tests.simulator.post import Post


def test_a_cancel_while_processing_ends_the_run_at_once(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/slow")
    clock.sleep(3)

    body = sim.cancel(created)
    clock.sleep(60)

    assert (body["status"], body["output"], body["error"], body["logs"]) == ("canceled", None, None, None)
    assert body["metrics"] == {"predict_time": 2.0, "total_time": 3.0}
    assert body["completed_at"] == "2026-04-22T11:15:18.329000Z"
    assert sim.read(created) == body


def test_a_cancel_before_the_run_began_leaves_no_start(sim: Caller) -> None:
    body = sim.cancel(sim.created("sim/cold"))

    assert body["status"] == "canceled"
    assert "started_at" not in body


def test_a_cancel_of_a_finished_run_changes_nothing(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/slow")
    clock.sleep(6)
    before = sim.read(created)

    assert sim.cancel(created) == before
    assert before["status"] == "succeeded"


def test_a_second_cancel_changes_nothing(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/stuck")
    first = sim.cancel(created)
    clock.sleep(5)

    assert sim.cancel(created) == first


@pytest.mark.parametrize(
    ("header", "deadline"),
    [
        ("30", "2026-04-22T11:15:45.329Z"),
        ("30s", "2026-04-22T11:15:45.329Z"),
        ("5m", "2026-04-22T11:20:15.329Z"),
        ("1h30m45s", "2026-04-22T12:46:00.329Z"),
    ],
)
def test_cancel_after_becomes_the_deadline(sim: Caller, header: str, deadline: str) -> None:
    assert sim.created("sim/image", headers={"Cancel-After": header})["deadline"] == deadline


def test_a_deadline_before_the_run_began_aborts_it(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/queued", headers={"Cancel-After": "5"})
    clock.sleep(4.9)
    assert sim.read(created)["status"] == "starting"

    clock.sleep(0.1)
    body = sim.read(created)

    assert (body["status"], body["output"], body["logs"]) == ("aborted", None, "")
    assert body["completed_at"] == "2026-04-22T11:15:20.329000Z"
    assert not {"started_at", "metrics"} & set(body)


def test_a_deadline_during_the_run_cancels_it(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/slow", headers={"Cancel-After": "5"})
    clock.sleep(10)

    body = sim.read(created)

    assert body["status"] == "canceled"
    assert body["metrics"] == {"predict_time": 4.0, "total_time": 5.0}


def test_a_run_that_ends_before_its_deadline_succeeds(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/image", headers={"Cancel-After": "5"})
    clock.sleep(10)

    assert sim.read(created)["status"] == "succeeded"


def test_a_cancel_before_the_deadline_counts(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/queued", headers={"Cancel-After": "5"})
    sim.cancel(created)
    clock.sleep(10)

    assert sim.read(created)["status"] == "canceled"


def test_after_an_hour_the_data_is_gone(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/image", {"prompt": "a corgi"})
    clock.sleep(2.3 + 3599)
    before = sim.read(created)
    assert sim.file(before["output"][0]).status_code == 200

    clock.sleep(1)
    body = sim.read(created)

    removed: dict[str, Any] = {"input": {}, "output": None, "logs": "", "data_removed": True}
    assert body == {**before, **removed}
    assert sim.file(before["output"][0]).status_code == 404


def test_a_run_that_goes_on_keeps_its_data(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/stuck")
    clock.sleep(100_000)

    assert sim.read(created)["data_removed"] is False


@pytest.fixture
def forgetful(clock: HandClock) -> Iterator[Caller]:
    with serve(Simulator(clock=clock, retention=10)) as server:
        caller = Caller(server.url, DEFAULT_TOKEN)
        with caller.session:
            yield caller


def test_the_retention_can_be_set(forgetful: Caller, clock: HandClock) -> None:
    created = forgetful.created("sim/instant")
    clock.sleep(10)

    assert forgetful.read(created)["data_removed"] is True


def test_a_run_ends_now_if_it_is_told_to(sim: Caller, clock: HandClock) -> None:
    """As its model has it, whatever time it would have taken."""
    created = sim.created("sim/script", {"starting": 1, "processing": 3000, "output": "a text"})
    clock.sleep(5)

    assert sim.post("/_sim/end", json={"predictions": [created["id"]]}).json() == {"ended": 1}
    body = sim.read(created)
    assert (body["status"], body["output"]) == ("succeeded", "a text")
    assert body["metrics"] == {"predict_time": 4.0, "total_time": 5.0}


def test_a_run_may_be_told_to_end_before_it_began(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/script", {"starting": 60, "status": "failed", "error": "no room"})
    clock.sleep(5)
    sim.post("/_sim/end", json={"predictions": [created["id"]]})

    assert sim.read(created)["status"] == "failed"


def test_its_webhook_tells_of_the_end(sim: Caller, clock: HandClock, post: Post) -> None:
    created = sim.told(processing=3000, events=["completed"])
    clock.sleep(5)
    sim.post("/_sim/end", json={"predictions": [created["id"]]})

    (delivery,) = post.simulator.deliveries()
    assert (delivery.prediction, delivery.event) == (created["id"], "completed")


def test_a_run_that_is_over_stays_as_it_is(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/slow")
    before = sim.cancel(created)
    clock.sleep(5)
    sim.post("/_sim/end", json={"predictions": [created["id"]]})

    assert sim.read(created) == before


@pytest.mark.parametrize("wrong", [{}, [], {"predictions": "x"}, {"predictions": ["x"]}])
def test_nothing_ends_where_one_is_no_run(sim: Caller, wrong: Any) -> None:
    created = sim.created("sim/slow")
    if wrong == {"predictions": ["x"]}:
        wrong = {"predictions": [created["id"], "x"]}

    assert sim.post("/_sim/end", json=wrong).status_code == 400
    assert sim.read(created)["status"] == "starting"
