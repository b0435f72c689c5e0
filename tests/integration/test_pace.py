"""What predictions of a model took says when the next is looked at: taught, kept and used by the real handlers."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lumeo import aws
from lumeo.experience import NOTHING, Experience, experiences
from tests.integration.driver import Driver
from tests.integration.dying import Reply

UNTAUGHT = 6
"""Seconds of the first wait, where nothing is known and a webhook is expected."""


def experience(driver: Driver, prediction_id: str) -> Experience:
    """What is known of others of its model."""
    return experiences().of(driver.record(prediction_id))


def teach(driver: Driver, n: int = 3, model: str = "sim/script", **given: Any) -> str:
    """Bring so many predictions to their ends; the id of the last."""
    for _ in range(n):
        shown, _ = driver.finished(model, given)
        driver.clock.passes(1)
    return str(shown["id"])


def sleeping(driver: Driver, monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any] | None = None) -> list[float]:
    """Every sleep of a function from now on; `act` is done at the end of the first."""
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        driver.clock.passes(seconds)
        if act and len(slept) == 1:
            act()

    monkeypatch.setattr(driver.clock, "sleep", sleep)
    return slept


@contextlib.contextmanager
def refused(operation: str) -> Iterator[list[str]]:
    """What is known of models can be neither read nor written; how often that was tried."""
    tried: list[str] = []

    def refuse(params: dict[str, Any], **_: Any) -> Any:
        if b"stats#" not in params["body"]:
            return None
        tried.append(operation)
        error = {"Code": "ProvisionedThroughputExceededException", "Message": "too much"}
        return Reply(400), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}

    events: Any = aws.dynamodb().meta.events
    events.register(f"before-call.dynamodb.{operation}", refuse)
    try:
        yield tried
    finally:
        events.unregister(f"before-call.dynamodb.{operation}", refuse)


# When it is looked at


def test_the_first_wait_is_that_of_others(driver: Driver) -> None:
    teach(driver, 3, processing=10)
    prediction_id = driver.submit("sim/script", {"processing": 10})
    answer = driver.step("Create", prediction_id)

    assert 9 <= answer["wait"] <= 20
    driver.clock.passes(answer["wait"])
    assert driver.step("Status", prediction_id)["next"] == "Finalize"
    assert driver.record(prediction_id).polls == 1


def test_two_say_nothing_yet(driver: Driver) -> None:
    teach(driver, 2, processing=10)

    assert driver.step("Create", driver.submit("sim/script", {"processing": 10}))["wait"] == UNTAUGHT


def test_others_say_nothing_of_another_model(driver: Driver) -> None:
    teach(driver, 3, processing=10)

    assert driver.step("Create", driver.submit("sim/slow"))["wait"] == UNTAUGHT


def test_a_deployment_learns_for_itself(driver: Driver) -> None:
    """It has its own machines; its model's predictions are no guide, nor are its own to them."""
    teach(driver, 3, "sim/image")
    made = driver.call("POST", "/v1/deployments/sim/deployment/predictions", {"input": {"prompt": "x"}}).body["id"]
    answer = driver.step("Create", made)
    assert (answer["wait"], answer["next"]) == (UNTAUGHT, "Status")
    driver.run(made, "Status")

    assert experience(driver, made).run.n == 1
    assert experience(driver, driver.submit("sim/image")).run.n == 3


def test_a_run_is_on_a_clock_of_its_own(driver: Driver) -> None:
    """Cold boots are expected while it boots; from when it runs, all that was waited says nothing."""
    teach(driver, 4, starting=90, processing=12)
    prediction_id = driver.running("sim/script", {"starting": 90, "processing": 12})
    driver.overwrite(prediction_id, webhook=False)
    driver.clock.passes(20)
    booting = driver.step("Status", prediction_id)["wait"]
    driver.clock.passes(73)
    running = driver.step("Status", prediction_id)["wait"]

    assert 40 <= booting <= 95
    assert 7 <= running <= 13


def test_a_warm_start_is_not_waited_for_as_a_cold_one(driver: Driver) -> None:
    teach(driver, 4, starting=90, processing=12)
    prediction_id = driver.running("sim/script", {"starting": 1, "processing": 12})
    driver.overwrite(prediction_id, webhook=False)
    driver.clock.passes(2)

    assert 9 <= driver.step("Status", prediction_id)["wait"] <= 15


def test_not_past_the_deadline(driver: Driver) -> None:
    teach(driver, 3, processing=300)
    prediction_id = driver.submit("sim/script", {"processing": 300}, Cancel_After="10s")

    assert driver.step("Create", prediction_id)["wait"] <= 10


# What ends at once


def test_what_ends_at_once_is_seen_at_once(driver: Driver) -> None:
    """Two tasks in all: the function that submitted it looks."""
    teach(driver, 4, "sim/one")
    before, at = driver.calls()["get"], driver.clock.now()
    prediction_id = driver.submit("sim/one")
    visited = [state for state, _ in driver.run(prediction_id)]

    assert visited == ["Create", "Finalize"]
    assert (driver.clock.now() - at).total_seconds() <= 2
    assert driver.calls()["get"] - before <= 3
    assert driver.outcome(prediction_id) == ("succeeded", None)


def test_what_takes_longer_is_let_go_of_after_three_seconds(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    teach(driver, 4, processing=0.5)
    slept = sleeping(driver, monkeypatch)
    before = driver.calls()["get"]
    prediction_id = driver.submit("sim/script", {"processing": 60})
    answer = driver.step("Create", prediction_id)

    assert (answer["next"], driver.record(prediction_id).phase) == ("Status", "running")
    assert 0 < sum(slept) < 3.01
    assert driver.record(prediction_id).polls == driver.calls()["get"] - before <= 3
    driver.clock.passes(answer["wait"])
    driver.run(prediction_id, "Status")
    assert driver.outcome(prediction_id) == ("succeeded", None)


@pytest.mark.parametrize(("seconds", "held"), [(4, True), (6, False)])
def test_a_slow_provider_is_not_held_for(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, seconds: int, *, held: bool
) -> None:
    """The function has 40 s, of which the submission took some."""
    teach(driver, 4, processing=0.5)
    driver.fault("create", "delay", seconds=seconds)
    slept = sleeping(driver, monkeypatch)
    answer = driver.step("Create", driver.submit("sim/script", {"starting": 60, "processing": 0.5}))

    assert answer["next"] == "Status"
    assert bool(slept) == held


def test_status_looks_twice_shortly_before_the_end(driver: Driver) -> None:
    """A look that came a little early costs no round of its own."""
    teach(driver, 6, processing=10)
    prediction_id = driver.running("sim/script", {"processing": 10})
    driver.overwrite(prediction_id, webhook=False)
    driver.clock.passes(9.3)

    assert driver.step("Status", prediction_id)["next"] == "Finalize"
    assert driver.record(prediction_id).polls == 2


def test_cancel_while_it_is_held(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    teach(driver, 4, processing=0.5)
    prediction_id = driver.submit("sim/script", {"processing": 60})
    slept = sleeping(driver, monkeypatch, lambda: driver.cancel(prediction_id))
    driver.run(prediction_id)

    assert len(slept) == 1
    assert driver.outcome(prediction_id) == ("canceled", None)
    assert driver.simulator.counters()["canceled"] == 1


def test_cancel_that_the_provider_did_not_hear_while_it_is_held(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next look sees the wish, and does not go on holding."""
    teach(driver, 4, processing=0.5)
    driver.fault("cancel", "status", status=500)
    prediction_id = driver.submit("sim/script", {"processing": 60})
    slept = sleeping(driver, monkeypatch, lambda: driver.cancel(prediction_id))
    answer = driver.step("Create", prediction_id)
    driver.run(prediction_id, answer["next"])

    assert len(slept) == 1
    assert driver.outcome(prediction_id) == ("canceled", None)


@pytest.mark.parametrize("kind", ["drop_before", "html"])
def test_look_that_fails_while_it_is_held(driver: Driver, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """As any other: a longer wait, and nothing is lost."""
    teach(driver, 4, "sim/one")
    created, looks = driver.created(), driver.calls()["get"]
    driver.fault("get", kind)
    slept = sleeping(driver, monkeypatch)
    prediction_id = driver.submit("sim/one")
    answer = driver.step("Create", prediction_id)

    assert (answer["next"], driver.calls()["get"] - looks) == ("Status", 1)
    assert 0 < sum(slept) < 3.01
    assert answer["wait"] >= 4
    assert driver.record(prediction_id).troubles == 1
    driver.run(prediction_id, "Status")
    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert driver.created() == created + 1


def test_webhook_while_it_is_held(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    teach(driver, 4, "sim/one")
    driver.clock.passes(80)
    driver.simulator.deliveries()
    heard: list[int] = []

    def call() -> None:
        driver.clock.passes(1)
        heard.extend(driver.deliver())

    looks = driver.calls()["get"]
    prediction_id = driver.submit("sim/one")
    slept = sleeping(driver, monkeypatch, call)
    answer = driver.step("Create", prediction_id)

    assert heard
    assert len(slept) == driver.calls()["get"] - looks == 1
    assert (answer["next"], driver.record(prediction_id).wakes) == ("Finalize", 1)
    driver.run(prediction_id, "Finalize")
    assert driver.outcome(prediction_id) == ("succeeded", None)


def test_webhook_that_comes_during_the_last_look_of_a_hold(driver: Driver) -> None:
    """That look had been answered *processing*: no wait begins."""
    teach(driver, 4, "sim/one")
    driver.clock.passes(80)
    driver.simulator.deliveries()
    prediction_id = driver.submit("sim/one")
    driver.fault("get", "drop_before")
    answer = driver.step("Create", prediction_id)
    assert answer["next"] == "Status"
    driver.clock.passes(1)
    driver.deliver()

    assert not driver.park(answer, "token-1")
    assert driver.step("Finalize", prediction_id)["next"] == "End"
    assert driver.outcome(prediction_id) == ("succeeded", None)


# What is learnt


def test_what_a_prediction_teaches(driver: Driver) -> None:
    prediction_id = teach(driver, 1, starting=3, processing=7)
    found = experience(driver, prediction_id)

    assert (found.n, found.boot.n, found.run.n) == (1, 1, 1)
    assert found.run.density().index(max(found.run.density())) == 34, "seven seconds"
    assert found.boot.density().index(max(found.boot.density())) == 26, "three seconds"


@pytest.mark.parametrize("model", ["sim/nsfw", "sim/traceback", "sim/empty"])
def test_failures_teach_too(driver: Driver, model: str) -> None:
    assert experience(driver, teach(driver, 1, model)).n == 1


@pytest.mark.parametrize("asked", [True, False], ids=["by its caller", "by the provider"])
def test_what_was_canceled_teaches_nothing(driver: Driver, *, asked: bool) -> None:
    prediction_id = driver.running("sim/stuck")
    if asked:
        driver.cancel(prediction_id)
    else:
        driver.simulator.cancel(driver.upstream())
    driver.run(prediction_id, "Status")

    assert driver.read(prediction_id)["status"] == "canceled"
    assert experience(driver, prediction_id) == NOTHING


def test_what_was_too_late_teaches_nothing(driver: Driver) -> None:
    prediction_id = driver.submit("sim/stuck", None, Cancel_After="10s")
    driver.run(prediction_id)

    assert driver.read(prediction_id)["status"] == "canceled"
    assert experience(driver, prediction_id) == NOTHING


def test_what_never_ran_teaches_nothing(driver: Driver) -> None:
    driver.fault("create", "status", status=422, body={"title": "Input validation failed"})
    prediction_id = driver.submit("sim/one")
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("failed", "invalid_input")
    assert experience(driver, prediction_id) == NOTHING


def test_an_end_is_learnt_once(driver: Driver) -> None:
    prediction_id = driver.settled("sim/one")
    driver.step("Finalize", prediction_id)
    driver.clock.passes(10)
    driver.step("Finalize", prediction_id)

    assert experience(driver, prediction_id).n == 1


def test_a_run_that_was_overtaken_teaches_nothing(driver: Driver) -> None:
    """The one that ends it does."""
    prediction_id = driver.settled("sim/one")
    driver.overwrite(prediction_id, run=f"{prediction_id}-2")
    driver.step("Finalize", prediction_id)
    assert experience(driver, prediction_id) == NOTHING
    driver.step("Finalize", prediction_id, f"{prediction_id}-2")

    assert experience(driver, prediction_id).n == 1


def test_when_it_was_last_seen_to_run(driver: Driver) -> None:
    """A look that brings nothing has not seen it."""
    prediction_id = driver.running("sim/stuck")
    assert driver.record(prediction_id).looked_at is None
    driver.clock.passes(3)
    driver.step("Status", prediction_id)
    driver.fault("get", "status", status=500)
    driver.clock.passes(4)
    driver.step("Status", prediction_id)

    assert driver.record(prediction_id).looked_at == "2026-11-21T10:00:03.000Z"


# Webhooks


def test_webhooks_that_come_are_counted(driver: Driver) -> None:
    prediction_id = driver.running("sim/one")
    driver.clock.passes(1)
    driver.deliver()
    driver.step("Finalize", prediction_id)

    assert experience(driver, prediction_id).webhooks == {"heard": 1, "missed": 0}


def test_webhooks_that_do_not_are_counted(driver: Driver) -> None:
    """A look found an end that was old."""
    assert experience(driver, teach(driver, 1, "sim/one")).webhooks == {"heard": 0, "missed": 1}


def test_insurance_by_what_was_missed(driver: Driver) -> None:
    """Both take forty seconds; who is mostly called is looked at later than who is not."""
    waits, lost = [], []
    for model, given, called in (("sim/script", {"processing": 40}, True), ("sim/cold", {}, False)):
        for _ in range(12):
            prediction_id = driver.running(model, given)
            driver.clock.passes(46)
            if called:
                driver.deliver()
            driver.run(prediction_id, "Finalize")
            driver.clock.passes(80)
            driver.simulator.deliveries()
        lost.append(experience(driver, prediction_id).lost)
        waits.append(driver.step("Create", driver.submit(model, given))["wait"])

    assert lost[0] < 0.05 < lost[1] / 2
    assert waits[0] > waits[1] + 2


# Trouble of its own


def test_what_is_known_cannot_be_read(driver: Driver, lines: list[str]) -> None:
    """Then it is waited for as if nothing were."""
    teach(driver, 3, processing=10)
    with refused("GetItem") as tried:
        prediction_id = driver.submit("sim/script", {"processing": 10})
        answer = driver.step("Create", prediction_id)
        assert answer["wait"] == UNTAUGHT
        driver.clock.passes(60)
        driver.run(prediction_id, "Status")

    assert len(tried) >= 2
    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert any("cannot be read" in line for line in lines)


@pytest.mark.parametrize("operation", ["GetItem", "PutItem"])
def test_what_was_learnt_cannot_be_kept(driver: Driver, lines: list[str], operation: str) -> None:
    """It ends all the same."""
    prediction_id = driver.settled("sim/one")
    with refused(operation) as tried:
        assert driver.step("Finalize", prediction_id)["next"] == "End"

    assert tried == [operation]
    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert any("could not be noted" in line for line in lines)
    assert experience(driver, prediction_id) == NOTHING
