"""POST …/cancel: says `canceled` only when it is, and never twice as much as was asked for."""

from typing import Any

import pytest

from lumeo.keys import keys
from tests.integration.driver import Driver
from tests.integration.meeting import before, losing_the_answer


def test_before_it_was_submitted(driver: Driver) -> None:
    """Over in the same breath: nothing is ever sent, and the run ends quietly."""
    prediction_id = driver.submit("sim/instant")
    shown = driver.cancel(prediction_id)

    assert (shown["status"], shown["error"], shown["output"]) == ("canceled", None, None)
    assert shown["completed_at"]
    assert driver.run(prediction_id) == [("Create", 1)]
    assert driver.simulator.journal() == []
    record = driver.record(prediction_id)
    assert record.due_at is None
    assert record.verdict is not None


def test_while_it_runs(driver: Driver) -> None:
    """The provider is told once, and what it says settles it at once."""
    prediction_id = driver.running("sim/stuck")
    driver.clock.passes(1)
    driver.step("Status", prediction_id)
    shown = driver.cancel(prediction_id)

    assert (shown["status"], shown["error_code"]) == ("canceled", None)
    assert shown["logs"].startswith("Using seed")
    assert shown["started_at"] == "2026-11-21T10:00:00.000Z"
    assert driver.upstream().cancel_calls == 1
    assert driver.simulator.counters()["canceled"] == 1
    assert driver.step("Status", prediction_id)["next"] == "End"
    assert driver.record(prediction_id).due_at is None


def test_twice(driver: Driver) -> None:
    prediction_id = driver.running("sim/stuck")
    first, second = driver.cancel(prediction_id), driver.cancel(prediction_id)

    assert first == second
    assert driver.upstream().cancel_calls == 1


def test_twice_while_the_provider_does_not_stop(driver: Driver) -> None:
    """The wish is noted once; status repeats it while it does not take."""
    prediction_id = driver.running("sim/stuck")
    driver.fault("get", "unknown_status", times=-1)
    first = driver.cancel(prediction_id)
    second = driver.cancel(prediction_id)

    assert first["status"] in {"starting", "processing"}
    assert second["status"] == first["status"]
    assert driver.upstream().cancel_calls == 1


@pytest.mark.parametrize("model", ["sim/instant", "sim/nsfw", "sim/stuck"])
def test_after_the_end(driver: Driver, model: str) -> None:
    """200 and the unchanged prediction: nothing is told to anybody."""
    prediction_id = driver.running(model)
    if model == "sim/stuck":
        driver.cancel(prediction_id)
    driver.clock.passes(2)
    driver.run(prediction_id, "Status")
    before, calls = driver.record(prediction_id), driver.calls()

    assert driver.cancel(prediction_id) == driver.read(prediction_id)
    assert driver.record(prediction_id) == before
    assert driver.calls() == calls


def test_what_had_succeeded_already_is_not_lost(driver: Driver) -> None:
    """It is paid for and there: the outcome is what the provider says."""
    prediction_id = driver.running("sim/instant")
    shown = driver.cancel(prediction_id)
    driver.run(prediction_id, "Status")

    assert shown["status"] in {"starting", "processing"}
    assert driver.outcome(prediction_id) == ("succeeded", None)


def test_answer_is_held_three_seconds_at_most(driver: Driver) -> None:
    prediction_id = driver.running("sim/stuck")
    driver.fault("get", "unknown_status", times=-1)
    before = driver.clock.now()
    driver.cancel(prediction_id)

    assert (driver.clock.now() - before).total_seconds() <= 3


def test_provider_that_does_not_take_it(driver: Driver) -> None:
    """The wish is noted, and the look that comes ten seconds later repeats it."""
    prediction_id = driver.running("sim/stuck")
    driver.fault("cancel", "status", status=500)
    shown = driver.cancel(prediction_id)

    assert shown["status"] in {"starting", "processing"}
    assert driver.record(prediction_id).cancel_requested is not None
    driver.run(prediction_id, "Status")
    assert driver.outcome(prediction_id) == ("canceled", None)
    assert (driver.calls()["cancel"], driver.upstream().cancel_calls) == (2, 1)


def test_cancel_that_did_not_take_is_repeated_after_ten_seconds(driver: Driver) -> None:
    """A provider that says yes and goes on."""
    prediction_id = driver.running("sim/stuck")
    driver.fault("cancel", "status", status=200, body={}, times=2)
    driver.cancel(prediction_id)
    at = driver.clock.now()
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("canceled", None)
    assert driver.calls()["cancel"] == 3
    assert 15 <= (driver.clock.now() - at).total_seconds() <= 35


@pytest.mark.parametrize(
    ("kind", "more"),
    [("status", {"status": 404}), ("html", {}), ("drop_after", {}), ("drop_before", {}), ("status", {"status": 401})],
)
def test_provider_in_trouble(driver: Driver, kind: str, more: dict[str, Any]) -> None:
    """Whatever comes back, the wish holds."""
    prediction_id = driver.running("sim/stuck")
    driver.fault("cancel", kind, **more)
    driver.fault("get", "status", status=500, times=7)
    assert driver.cancel(prediction_id)["status"] in {"starting", "processing"}
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("canceled", None)


def test_aborted_upstream(driver: Driver) -> None:
    """Not begun and canceled: what came of it is `canceled` for whoever asked for it."""
    prediction_id = driver.running("sim/queued")
    shown = driver.cancel(prediction_id)

    assert (shown["status"], shown["error_code"]) == ("canceled", None)
    assert "started_at" not in shown


def test_while_another_look_is_under_way(driver: Driver) -> None:
    """Status holds an older answer when the record is canceled: it writes nothing over it."""
    prediction_id = driver.running("sim/stuck")
    driver.fault("get", "delay", seconds=1)
    driver.simulator_clock.meanwhile = lambda: driver.cancel(prediction_id)
    driver.step("Status", prediction_id)
    before = driver.record(prediction_id)

    assert before.phase == "done"
    assert before.status == "canceled"
    assert driver.step("Status", prediction_id)["next"] == "End"
    assert driver.record(prediction_id) == before


def test_while_the_handle_is_written(driver: Driver) -> None:
    """It was looked at just before, and had none: the provider is told all the same."""
    prediction_id = driver.submit("sim/stuck")
    with before("UpdateItem", lambda: driver.step("Create", prediction_id)):
        driver.cancel(prediction_id)
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("canceled", None)
    assert driver.simulator.counters()["canceled"] == 1


@pytest.mark.parametrize("nth", [1, 2])
def test_while_it_is_submitted(driver: Driver, nth: int) -> None:
    """At every write of Create's before the request: either nothing is sent, or what is sent is stopped."""
    prediction_id = driver.submit("sim/stuck")
    with before("UpdateItem", lambda: driver.cancel(prediction_id), nth):
        driver.step("Create", prediction_id)
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("canceled", None)
    assert (driver.created(), driver.simulator.counters()["running"]) == (0, 0)


@pytest.mark.parametrize(("model", "status"), [("sim/instant", "succeeded"), ("sim/nsfw", "failed")])
def test_while_the_verdict_is_written(driver: Driver, model: str, status: str) -> None:
    """Both race for one write: what the provider had said is true, whoever asked for the end meanwhile."""
    prediction_id = driver.running(model)
    driver.clock.passes(1)
    with before("UpdateItem", lambda: driver.cancel(prediction_id)):
        driver.step("Status", prediction_id)
    driver.run(prediction_id, "Status")

    assert driver.read(prediction_id)["status"] == status
    assert driver.cancel(prediction_id)["status"] == status


@pytest.mark.parametrize("writes", [1, 2, 3])
def test_while_outputs_are_stored(driver: Driver, writes: int) -> None:
    """It is decided: what was paid for is kept."""
    prediction_id = driver.settled("sim/many", {"num_outputs": 2})
    shown: list[Any] = []
    with before("UpdateItem", lambda: shown.append(driver.cancel(prediction_id)), writes):
        driver.run(prediction_id, "Finalize")

    assert shown[0]["status"] == "processing"
    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert driver.calls()["cancel"] == 0


def test_lost_answer_of_the_table(driver: Driver) -> None:
    """AWS's client repeats the write of the wish, and meets it: the provider is told."""
    prediction_id = driver.running("sim/stuck")
    with losing_the_answer("UpdateItem", nth=2):
        assert driver.cancel(prediction_id)["status"] == "canceled"

    assert driver.upstream().cancel_calls == 1


@pytest.mark.parametrize("known", [True, False])
def test_of_somebody_else(driver: Driver, *, known: bool) -> None:
    """The same answer for what is not there and for what is not yours."""
    prediction_id = driver.running("sim/stuck") if known else "0" * 26
    key = keys().create("bob", "another")
    answer = driver.call("POST", f"/v1/predictions/{prediction_id}/cancel", headers={"Authorization": f"Token {key}"})

    assert answer.status == 404
    assert answer.body == {
        "title": "Not found",
        "detail": "The requested resource could not be found.",
        "status": 404,
    }
    assert driver.calls()["cancel"] == 0


@pytest.mark.parametrize("prediction_id", ["x", "A" * 26, "%00" * 26, "prediction", "é" * 26])
def test_of_what_is_no_id(driver: Driver, prediction_id: str) -> None:
    assert driver.call("POST", f"/v1/predictions/{prediction_id}/cancel").status == 404


def test_without_a_key(driver: Driver) -> None:
    prediction_id = driver.submit("sim/instant")
    answer = driver.call("POST", f"/v1/predictions/{prediction_id}/cancel", headers={"Authorization": ""})

    assert answer.status == 401
    assert driver.read(prediction_id)["status"] == "starting"


@pytest.mark.parametrize("data", [b"", b"{}", b"null", b"not JSON", b"\xff"])
def test_body_does_not_matter(driver: Driver, data: bytes) -> None:
    prediction_id = driver.submit("sim/instant")
    answer = driver.call("POST", f"/v1/predictions/{prediction_id}/cancel", data=data)

    assert (answer.status, answer.body["status"]) == (200, "canceled")
