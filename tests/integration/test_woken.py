"""State Finalize, entered from a wait that somebody ended: it looks itself, and mostly all is over in that one call."""

from typing import Any

import pytest

from tests.integration.driver import Driver
from tests.integration.meeting import before
from tests.world import invariants
from tests.world.calls import Call, Hook, Refusal
from tests.world.world import World, world


def called(driver: Driver, model: str, given: dict[str, Any] | None = None, seconds: float = 1) -> str:
    """The id of a prediction whose webhook has just come."""
    prediction_id = driver.running(model, given)
    driver.clock.passes(seconds)
    driver.deliver()
    assert driver.record(prediction_id).wakes == 1
    return prediction_id


# In one call


@pytest.mark.parametrize(
    ("model", "outcome"),
    [
        ("sim/one", ("succeeded", None)),
        ("sim/text", ("succeeded", None)),
        ("sim/nsfw", ("failed", "content_rejected")),
        ("sim/empty", ("failed", "empty_output")),
    ],
)
def test_the_end_in_one_call(driver: Driver, model: str, outcome: tuple[str, str | None]) -> None:
    prediction_id = called(driver, model)

    assert driver.step("Finalize", prediction_id)["next"] == "End"
    assert driver.outcome(prediction_id) == outcome
    assert (driver.calls()["get"], driver.record(prediction_id).polls) == (1, 1)
    assert driver.record(prediction_id).due_at is None


def test_files_are_stored_in_that_call(driver: Driver) -> None:
    prediction_id = called(driver, "sim/many", {"num_outputs": 3}, 2)
    driver.step("Finalize", prediction_id)

    driver.check_files(driver.record(prediction_id), ["0.png", "1.png", "2.png"], "image/png")


def test_entered_twice(driver: Driver) -> None:
    """A repeat by the state machine finds nothing left to do."""
    prediction_id = called(driver, "sim/one")
    driver.step("Finalize", prediction_id)
    over = driver.record(prediction_id)

    assert driver.step("Finalize", prediction_id)["next"] == "End"
    assert driver.record(prediction_id) == over
    assert driver.calls()["get"] == 1


def test_file_that_fails_leads_to_a_fresh_look(driver: Driver) -> None:
    prediction_id = called(driver, "sim/one")
    driver.fault("file", "status", status=503)
    answer = driver.step("Finalize", prediction_id)

    assert (answer["next"], driver.record(prediction_id).fresh_look) == ("Status", "asked")
    driver.clock.passes(answer["wait"])
    driver.run(prediction_id, "Status")
    assert driver.outcome(prediction_id) == ("succeeded", None)


# Not over


def test_not_over_yet(driver: Driver) -> None:
    """It goes on waiting, by looks: the webhook has come, there will be no other."""
    prediction_id = driver.running("sim/slow")
    driver.overwrite(prediction_id, wakes=1)
    driver.clock.passes(2)
    answer = driver.step("Finalize", prediction_id)

    assert (answer["next"], answer["wakes"]) == ("Status", 1)
    assert 1 <= answer["wait"] <= 3
    record = driver.record(prediction_id)
    assert (record.phase, record.verdict, record.polls) == ("running", None, 1)
    assert driver.park(answer, "token-2")
    driver.run(prediction_id, "Status")
    assert driver.outcome(prediction_id) == ("succeeded", None)


@pytest.mark.parametrize(
    ("kind", "more"),
    [("drop_before", {}), ("html", {}), ("status", {"status": 503}), ("status", {"status": 404})],
    ids=["reset", "a page", "503", "404"],
)
def test_look_that_fails(driver: Driver, kind: str, more: dict[str, Any]) -> None:
    prediction_id = called(driver, "sim/one")
    driver.fault("get", kind, **more)
    answer = driver.step("Finalize", prediction_id)

    assert answer["next"] == "Status"
    assert 4 <= answer["wait"] <= 5
    assert driver.record(prediction_id).troubles == 1
    driver.run(prediction_id, "Status")
    assert driver.outcome(prediction_id) == ("succeeded", None)


def test_what_is_gone_is_asked_for_three_times(driver: Driver) -> None:
    prediction_id = called(driver, "sim/one", seconds=65)
    driver.fault("get", "status", status=404, times=-1)
    visited = driver.run(prediction_id, "Finalize")

    assert [state for state, _ in visited] == ["Finalize", "Status", "Status", "Finalize"]
    assert driver.outcome(prediction_id) == ("failed", "interrupted")


# Canceled


def test_cancel_that_the_provider_did_not_hear(driver: Driver) -> None:
    """Its wish ends the wait; what the look finds still running is told to stop again after ten seconds."""
    prediction_id = driver.running("sim/stuck")
    driver.fault("cancel", "status", status=500)
    driver.cancel(prediction_id)
    assert driver.record(prediction_id).phase == "running"
    answer = driver.step("Finalize", prediction_id)
    assert answer["next"] == "Status"
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("canceled", None)
    assert driver.simulator.counters()["canceled"] == 1


def test_cancel_that_the_provider_heard(driver: Driver) -> None:
    """But whose answer was lost: the look finds it, and that is the end."""
    prediction_id = driver.running("sim/stuck")
    driver.fault("cancel", "drop_after")
    driver.cancel(prediction_id)
    assert driver.record(prediction_id).phase == "running"

    assert driver.step("Finalize", prediction_id)["next"] == "End"
    assert driver.outcome(prediction_id) == ("canceled", None)


def test_cancel_that_was_settled_meanwhile(driver: Driver) -> None:
    prediction_id = driver.running("sim/stuck")
    driver.cancel(prediction_id)
    assert driver.read(prediction_id)["status"] == "canceled"
    looks = driver.calls()["get"]

    assert driver.step("Finalize", prediction_id)["next"] == "End"
    assert driver.calls()["get"] == looks


def test_cancel_while_it_looks(driver: Driver) -> None:
    """Both race for the verdict: what the provider had said is true."""
    prediction_id = called(driver, "sim/one")
    with before("UpdateItem", lambda: driver.cancel(prediction_id)):
        answer = driver.step("Finalize", prediction_id)
    driver.run(prediction_id, answer["next"])

    assert driver.outcome(prediction_id) == ("succeeded", None)


# Not its own


def test_overtaken_before_it_looks(driver: Driver) -> None:
    prediction_id = called(driver, "sim/one")
    driver.overwrite(prediction_id, run=f"{prediction_id}-2")

    assert driver.step("Finalize", prediction_id)["next"] == "End"
    assert driver.calls()["get"] == 0
    assert driver.record(prediction_id).phase == "running"


def test_overtaken_while_it_looks(driver: Driver) -> None:
    """Nothing is written by the run of before."""
    prediction_id = called(driver, "sim/one")
    with before("UpdateItem", lambda: driver.overwrite(prediction_id, run=f"{prediction_id}-2"), 1):
        answer = driver.step("Finalize", prediction_id)

    assert driver.record(prediction_id).phase == "running"
    assert driver.step(answer["next"], prediction_id)["next"] == "End"
    driver.run(prediction_id, "Finalize", run=f"{prediction_id}-2")
    assert driver.outcome(prediction_id) == ("succeeded", None)


@pytest.mark.parametrize("phase", ["accepted", "sending"])
def test_before_it_ran(driver: Driver, phase: str) -> None:
    """No wait leads here then; whoever calls it is sent to where it is carried on."""
    prediction_id = driver.submit("sim/one")
    if phase == "sending":
        driver.fault("create", "drop_after")
        driver.step("Create", prediction_id)
    assert driver.record(prediction_id).phase == phase

    assert driver.step("Finalize", prediction_id)["next"] == "Create"


# As the state machine goes


class Parking(Hook):
    """The wait is refused so many times, as when a webhook came just before it."""

    def __init__(self, times: int = 1) -> None:
        self.left = times

    def before(self, call: Call) -> Refusal | None:
        if call.boundary != ("Machine", "dynamodb", "UpdateItem") or not self.left:
            return None
        self.left -= 1
        return Refusal("ConditionalCheckFailedException")


def states(here: World, prediction_id: str) -> str:
    entered = [event for event in here.history(prediction_id) if event["type"].endswith("StateEntered")]
    return " ".join(event["stateEnteredEventDetails"]["name"] for event in entered)


def test_a_webhook_leads_to_the_end() -> None:
    with world(seed=3) as here:
        prediction_id = here.submit("sim/slow")
        here.until_quiet()

        assert states(here, prediction_id) == "Create Next? WaitForWebhook Finalize Next? Done"
        assert here.record(prediction_id).status == "succeeded"
        invariants.check(here)


def test_a_wait_that_was_over_before_it_began_leads_to_a_look() -> None:
    """And, since nothing has ended, to the next wait."""
    with world(seed=3) as here, here.seam.hooked(Parking()):
        prediction_id = here.submit("sim/slow")
        here.until_quiet()

        waits = "Create Next? WaitForWebhook Finalize Next? WaitForWebhook Finalize Next? Done"
        assert states(here, prediction_id) == waits
        assert here.record(prediction_id).status == "succeeded"
        invariants.check(here)


def test_a_wait_that_lasts_leads_to_a_look() -> None:
    with world(seed=3) as here:
        here.fault("webhook", "lose", times=-1)
        prediction_id = here.submit("sim/slow")
        here.until_quiet()

        assert states(here, prediction_id) == "Create Next? WaitForWebhook Status Next? Finalize Next? Done"
        invariants.check(here)


def test_a_cancel_leads_to_the_end() -> None:
    with world(seed=3) as here:
        here.fault("cancel", "drop_after")
        prediction_id = here.submit("sim/stuck")
        here.passes(3)
        here.cancel(prediction_id)
        here.until_quiet()

        assert states(here, prediction_id) == "Create Next? WaitForWebhook Finalize Next? Done"
        assert here.record(prediction_id).status == "canceled"
        invariants.check(here)


def test_what_ends_at_once_takes_five_states() -> None:
    """Once others have taught so: neither a wait nor a webhook."""
    with world(seed=3) as here:
        for _ in range(4):
            prediction_id = here.submit("sim/one")
            here.until_quiet()
            here.passes(60)

        assert states(here, prediction_id) == "Create Next? Finalize Next? Done"
        invariants.check(here)
