"""Runs that fail, are stopped, time out or never start: the next one carries on, and the fifth closes."""

from typing import Any

import boto3
import pytest

from local.environment import variables
from lumeo import aws, clock, settings
from lumeo.errors import Unswept
from tests.integration.driver import Driver
from tests.integration.dying import answered, dying
from tests.integration.platform import Platform

PAUSES = [(1, 60), (2, 120), (3, 300), (4, 600), (5, 600), (6, 600)]


def after(prediction_id: str, number: int) -> str:
    """The name of a prediction's run."""
    return prediction_id if number == 1 else f"{prediction_id}-{number}"


def fails(driver: Driver, platform: Platform, prediction_id: str, status: str = "FAILED") -> str:
    """The current run ends before its prediction does, and the event says so at once; the run that is current then."""
    run = driver.record(prediction_id).run
    platform.ends(run, status)
    platform.tells(run)
    return driver.record(prediction_id).run


# The next run


@pytest.mark.parametrize(
    ("status", "number", "pause"), [("TIMED_OUT", 1, 60), *[("FAILED", number, pause) for number, pause in PAUSES]]
)
def test_next_run_after_a_pause(driver: Driver, platform: Platform, status: str, number: int, pause: int) -> None:
    """Time for a repair, or for an outage to end; then a sweep starts it."""
    prediction_id = driver.running("sim/stuck")
    driver.overwrite(prediction_id, run=after(prediction_id, number))
    assert fails(driver, platform, prediction_id, status) == after(prediction_id, number)
    driver.clock.passes(pause - 1)
    assert driver.sweep() == 0
    driver.clock.passes(2)
    assert driver.sweep() == 1

    assert driver.record(prediction_id).run == after(prediction_id, number + 1)
    assert after(prediction_id, number + 1) in driver.started()
    assert driver.record(prediction_id).cancel_requested is None


def test_event_that_never_came(driver: Driver, platform: Platform) -> None:
    """What is overdue is found all the same."""
    prediction_id = driver.running("sim/stuck")
    platform.ends(prediction_id, "FAILED")
    driver.clock.passes(200)
    assert driver.sweep() == 1

    assert driver.record(prediction_id).run == f"{prediction_id}-2"
    assert f"{prediction_id}-2" in driver.started()


def test_event_that_comes_twice(driver: Driver, platform: Platform) -> None:
    prediction_id = driver.running("sim/stuck")
    platform.ends(prediction_id, "ABORTED")
    for _ in range(3):
        platform.tells(prediction_id)

    assert driver.record(prediction_id).run == f"{prediction_id}-2"
    assert sorted(driver.started()) == [prediction_id, f"{prediction_id}-2"]


def test_event_of_an_overtaken_run(driver: Driver, platform: Platform) -> None:
    """It says nothing of the one that is current."""
    prediction_id = driver.running("sim/stuck")
    driver.overwrite(prediction_id, run=f"{prediction_id}-2")
    platform.ends(prediction_id, "FAILED")
    before_it = driver.record(prediction_id)
    platform.tells(prediction_id)

    assert driver.record(prediction_id) == before_it
    assert platform.described == []


@pytest.mark.parametrize("end", ["succeeded", "canceled"])
def test_event_of_what_is_over(driver: Driver, platform: Platform, end: str) -> None:
    prediction_id = driver.submit("sim/instant")
    if end == "canceled":
        driver.cancel(prediction_id)
    else:
        driver.run(prediction_id)
    before_it = driver.record(prediction_id)
    assert fails(driver, platform, prediction_id) == prediction_id

    assert driver.record(prediction_id) == before_it
    assert driver.started() == [prediction_id]


@pytest.mark.parametrize("name", ["", "x", "a b", "0" * 26, "-", "-5", "by-hand", "x" * 80])
def test_event_of_a_run_that_is_none_of_ours(driver: Driver, name: str) -> None:
    """Somebody started the state machine by hand, with an input of their own."""
    for given in ('{"Comment": "Insert your JSON here"}', "7", "null", None):
        detail = {"name": name, "status": "FAILED", "input": given}
        assert driver.functions.invoke("SweepFunction", {"source": "aws.states", "detail": detail}) == {}


def test_run_that_is_alive_is_left_alone(driver: Driver, platform: Platform) -> None:
    """Step Functions repeats what fails; two runs at once would only stand in each other's way."""
    prediction_id = driver.running("sim/stuck")
    driver.clock.passes(1000)
    assert driver.sweep() == 1

    assert driver.record(prediction_id).run == prediction_id
    assert platform.described == [prediction_id]
    assert driver.sweep() == 0, "it has two more minutes"


def test_run_that_ended_without_an_end(driver: Driver, platform: Platform) -> None:
    """An answer `End` that was wrong, by an older deployment, say."""
    prediction_id = driver.running("sim/stuck")
    platform.ends(prediction_id, "SUCCEEDED")
    driver.clock.passes(200)
    driver.sweep()

    assert driver.record(prediction_id).run == f"{prediction_id}-2"


@pytest.mark.parametrize("model", ["sim/instant", "sim/many", "sim/nsfw"])
@pytest.mark.parametrize("writes", range(6))
def test_next_run_brings_it_to_its_end(driver: Driver, platform: Platform, model: str, writes: int) -> None:
    """Wherever the one before stopped for good: what was paid for is not lost."""
    prediction_id = driver.submit(model)
    with dying(writes):
        driver.run(prediction_id)
    if driver.record(prediction_id).phase != "done":
        assert fails(driver, platform, prediction_id) == prediction_id
        driver.clock.passes(130)
        driver.sweep()
        assert driver.record(prediction_id).run == f"{prediction_id}-2"
        assert driver.step("Status", prediction_id)["next"] == "End"
        driver.run(prediction_id, run=f"{prediction_id}-2")

    assert driver.read(prediction_id)["status"] == ("failed" if model == "sim/nsfw" else "succeeded")
    assert (driver.calls()["create"], driver.created()) == (1, 1)


def test_next_run_that_cannot_be_started(driver: Driver, platform: Platform) -> None:
    """The record names it already; the next sweep starts it."""
    prediction_id = driver.running("sim/stuck")
    client = boto3.client("stepfunctions")
    machine = client.describe_state_machine(stateMachineArn=settings.state_machine_arn())
    client.delete_state_machine(stateMachineArn=settings.state_machine_arn())
    platform.ends(prediction_id, "ABORTED")
    driver.clock.passes(200)
    with pytest.raises(Unswept):
        driver.sweep()
    assert driver.record(prediction_id).run == f"{prediction_id}-2"
    client.create_state_machine(
        name=machine["name"], definition=machine["definition"], roleArn="arn:aws:iam::123456789012:role/test"
    )
    driver.clock.passes(130)
    driver.sweep()

    assert f"{prediction_id}-2" in driver.started()


def test_two_sweeps_at_once(driver: Driver, platform: Platform) -> None:
    """Both see the same failed run: one next run, not two."""
    prediction_id = driver.running("sim/stuck")
    platform.ends(prediction_id, "FAILED")
    driver.clock.passes(200)
    again = [True]

    def meanwhile(**_: Any) -> None:
        if again:
            again.pop()
            driver.sweep()

    events: Any = aws.dynamodb().meta.events
    events.register("before-call.dynamodb.UpdateItem", meanwhile)
    driver.sweep()
    events.unregister("before-call.dynamodb.UpdateItem", meanwhile)

    assert driver.record(prediction_id).run == f"{prediction_id}-2"
    assert sorted(driver.started()) == [prediction_id, f"{prediction_id}-2"]


# Stopped by hand


@pytest.mark.parametrize("phase", ["accepted", "sending", "running"])
def test_stopped_by_hand(driver: Driver, platform: Platform, phase: str) -> None:
    """Who stops a run in the console means the prediction: nothing goes on, here or at the provider."""
    if phase == "sending":
        driver.fault("create", "drop_after")
    prediction_id = driver.submit("sim/stuck")
    if phase != "accepted":
        driver.step("Create", prediction_id)
    assert driver.record(prediction_id).phase == phase
    run = fails(driver, platform, prediction_id, "ABORTED")
    assert run == f"{prediction_id}-2", "at once"
    assert driver.record(prediction_id).cancel_requested == clock.stamp()
    driver.run(prediction_id, run=run)

    assert driver.outcome(prediction_id) == ("canceled", None)
    assert driver.created() == (phase != "accepted")
    assert driver.simulator.counters()["running"] == 0


def test_stopped_by_hand_when_it_had_succeeded(driver: Driver, platform: Platform) -> None:
    """It is decided: the outputs that were paid for are kept."""
    prediction_id = driver.settled("sim/instant")
    run = fails(driver, platform, prediction_id, "ABORTED")
    driver.run(prediction_id, run=run)

    assert driver.outcome(prediction_id) == ("succeeded", None)


def test_stopped_by_hand_after_a_cancel(driver: Driver, platform: Platform) -> None:
    """The caller's wish was first."""
    prediction_id = driver.running("sim/stuck")
    driver.fault("cancel", "status", status=500)
    driver.cancel(prediction_id)
    asked = driver.record(prediction_id).cancel_requested
    driver.clock.passes(5)
    run = fails(driver, platform, prediction_id, "ABORTED")

    assert driver.record(prediction_id).cancel_requested == asked
    driver.run(prediction_id, run=run)
    assert driver.outcome(prediction_id) == ("canceled", None)


# The last run


def last(driver: Driver, prediction_id: str, number: int = 5) -> str:
    """The run that only closes is the current one."""
    driver.clock.passes(1200)
    run = after(prediction_id, number)
    driver.overwrite(prediction_id, run=run)
    return run


@pytest.mark.parametrize("number", [5, 6, 17])
def test_last_run_of_what_was_never_sent(driver: Driver, number: int) -> None:
    prediction_id = driver.submit("sim/instant")
    driver.run(prediction_id, run=last(driver, prediction_id, number))

    assert driver.outcome(prediction_id) == ("failed", "interrupted")
    assert driver.calls() == dict.fromkeys(driver.calls(), 0)
    assert driver.record(prediction_id).due_at is None


def test_last_run_of_what_runs(driver: Driver) -> None:
    prediction_id = driver.running("sim/stuck")
    driver.run(prediction_id, run=last(driver, prediction_id))

    assert driver.outcome(prediction_id) == ("failed", "interrupted")
    assert driver.simulator.counters()["canceled"] == 1
    assert driver.read(prediction_id)["error"] == "The generation was interrupted. Please try again."


@pytest.mark.parametrize("seconds", [-50, 0, 50])
def test_last_run_of_what_may_have_arrived(driver: Driver, seconds: float) -> None:
    """It is found, by whichever clock, and stopped."""
    driver.fault("create", "drop_after")
    prediction_id = driver.submit("sim/stuck")
    driver.step("Create", prediction_id)
    driver.upstream().created = clock.parse(clock.later(seconds))
    driver.run(prediction_id, run=last(driver, prediction_id))

    assert driver.outcome(prediction_id) == ("failed", "interrupted")
    assert driver.upstream().cancel_calls == 1


def test_last_run_of_what_was_proposed(driver: Driver) -> None:
    driver.fault("create", "drop_after")
    prediction_id = driver.submit("sim/script", {"starting": 0.5, "processing": 1e6})
    driver.step("Create", prediction_id)
    driver.clock.passes(1)
    assert driver.deliver() == [200]
    driver.run(prediction_id, run=last(driver, prediction_id))

    assert driver.outcome(prediction_id) == ("failed", "interrupted")
    assert (driver.upstream().cancel_calls, driver.calls()["list"]) == (1, 0)


def test_last_run_of_what_did_not_arrive(driver: Driver) -> None:
    driver.fault("create", "drop_before")
    prediction_id = driver.submit("sim/stuck")
    driver.step("Create", prediction_id)
    driver.run(prediction_id, run=last(driver, prediction_id))

    assert driver.outcome(prediction_id) == ("failed", "interrupted")
    assert driver.calls()["create"] == 1


@pytest.mark.parametrize("call", ["list", "cancel"])
def test_last_run_while_the_provider_is_away(driver: Driver, call: str) -> None:
    """Nothing is left running because one call failed."""
    if call == "list":
        driver.fault("create", "drop_after")
    prediction_id = driver.submit("sim/stuck")
    driver.step("Create", prediction_id)
    driver.fault(call, "status", status=503, times=3)
    driver.run(prediction_id, run=last(driver, prediction_id))

    assert driver.outcome(prediction_id) == ("failed", "interrupted")
    assert driver.upstream().cancel_calls == 1


@pytest.mark.parametrize("call", ["list", "cancel"])
def test_last_run_while_the_provider_is_away_for_good(driver: Driver, call: str) -> None:
    """At its deadline the provider ends it by itself: then so do we."""
    if call == "list":
        driver.fault("create", "drop_after")
    prediction_id = driver.submit("sim/stuck")
    driver.step("Create", prediction_id)
    driver.fault(call, "status", status=503, times=-1)
    driver.run(prediction_id, run=last(driver, prediction_id))

    record = driver.record(prediction_id)
    assert driver.outcome(prediction_id) == ("failed", "interrupted")
    assert record.deadline <= str(record.completed_at) <= clock.later(60, record.deadline)


def test_last_run_of_what_hides(driver: Driver) -> None:
    """What cannot be known is not waited for."""
    driver.fault("list", "hide_webhook", times=-1)
    driver.fault("get", "hide_webhook", times=-1)
    driver.fault("create", "drop_after")
    prediction_id = driver.submit("sim/stuck")
    driver.step("Create", prediction_id)
    visited = driver.run(prediction_id, run=last(driver, prediction_id))

    assert driver.outcome(prediction_id)[0] == "failed"
    assert len(visited) <= 3


def test_last_run_of_what_had_succeeded(driver: Driver) -> None:
    """Four runs could not store its outputs: no half of a success."""
    prediction_id = driver.settled("sim/instant")
    visited = driver.run(prediction_id, run=last(driver, prediction_id))

    assert [state for state, _ in visited] == ["Create"]
    assert driver.outcome(prediction_id) == ("failed", "interrupted")
    assert driver.read(prediction_id)["output"] is None


@pytest.mark.parametrize("model", ["sim/nsfw", "sim/flagged"])
def test_last_run_of_what_had_failed(driver: Driver, model: str) -> None:
    """It says what it was, and needs no Finalize for it, which may be what is broken."""
    prediction_id = driver.settled(model)
    visited = driver.run(prediction_id, run=last(driver, prediction_id))

    assert [state for state, _ in visited] == ["Create"]
    assert driver.outcome(prediction_id) == ("failed", "content_rejected")


def test_run_after_the_last_ends_it_where_finalize_is_broken(driver: Driver) -> None:
    prediction_id = driver.running("sim/stuck")
    run = last(driver, prediction_id)
    driver.step("Create", prediction_id, run)
    assert driver.record(prediction_id).phase == "settled"
    driver.step("Create", prediction_id, last(driver, prediction_id, 6))

    assert driver.outcome(prediction_id) == ("failed", "interrupted")


@pytest.mark.parametrize("phase", ["accepted", "sending", "running"])
def test_last_run_of_what_is_not_wanted(driver: Driver, phase: str) -> None:
    if phase == "sending":
        driver.fault("create", "drop_after")
    prediction_id = driver.submit("sim/stuck")
    if phase != "accepted":
        driver.step("Create", prediction_id)
    driver.overwrite(prediction_id, cancel_requested=clock.stamp())
    driver.run(prediction_id, run=last(driver, prediction_id))

    assert driver.outcome(prediction_id) == ("canceled", None)
    assert driver.simulator.counters()["running"] == 0


def test_last_run_of_what_is_over(driver: Driver) -> None:
    _, record = driver.finished("sim/instant")
    run = last(driver, record.id)
    before_it = driver.record(record.id)

    assert driver.step("Create", record.id, run)["next"] == "End"
    assert driver.record(record.id) == before_it


def test_last_run_cancels_nobody_elses(driver: Driver) -> None:
    """A provider that named another prediction's run."""
    first = driver.running("sim/stuck")
    owner = driver.record(first).handle
    assert owner is not None
    second = driver.submit("sim/stuck")
    driver.fault("create", "status", status=201, body={"id": owner.id, "status": "starting"})
    with dying(3):
        driver.step("Create", second)
    driver.run(second, run=last(driver, second))

    assert driver.simulator.all()[0].cancel_calls == 0
    assert driver.read(second)["status"] == "failed"


def test_whole_life_of_a_prediction_whose_functions_are_broken(driver: Driver, platform: Platform) -> None:
    """Status cannot do anything: after about twenty minutes it is over, and nothing runs."""
    prediction_id = driver.running("sim/stuck")
    begun = driver.clock.now()
    for number in range(2, 6):
        assert fails(driver, platform, prediction_id) == after(prediction_id, number - 1)
        while driver.record(prediction_id).run != after(prediction_id, number):
            driver.clock.passes(60)
            driver.sweep()
    driver.run(prediction_id, run=after(prediction_id, 5))

    assert driver.outcome(prediction_id) == ("failed", "interrupted")
    assert 18 * 60 <= (driver.clock.now() - begun).total_seconds() <= 25 * 60
    assert driver.simulator.counters()["running"] == 0


# What it costs


def test_looks_only_at_what_is_overdue(driver: Driver, platform: Platform) -> None:
    """However many are open, and however many were ever made."""
    overdue = [driver.running("sim/stuck") for _ in range(2)]
    for prediction_id in overdue:
        platform.ends(prediction_id, "FAILED")
    driver.clock.passes(200)
    for _ in range(10):
        driver.running("sim/stuck")
        driver.finished("sim/text")
    calls: list[str] = []

    def note(model: Any, **_: Any) -> None:
        calls.append(model.name)

    clients: list[Any] = [aws.dynamodb(), aws.stepfunctions()]
    for client in clients:
        client.meta.events.register("before-call", note)
    assert driver.sweep() == 2
    for client in clients:
        client.meta.events.unregister("before-call", note)

    assert sorted(platform.described) == sorted(overdue)
    assert sorted(calls) == sorted(["Query"] * 8 + ["GetItem", "UpdateItem", "StartExecution", "UpdateItem"] * 2)


def test_costs_nothing_while_nothing_is_overdue(driver: Driver, platform: Platform) -> None:
    for _ in range(20):
        driver.running("sim/stuck")
    assert driver.sweep() == 0

    assert platform.described == []


def test_step_functions_that_is_away(driver: Driver) -> None:
    """Nothing is decided by what cannot be seen, and the others are looked at all the same."""
    prediction_id = driver.running("sim/stuck")
    driver.clock.passes(200)
    before_it = driver.record(prediction_id)
    with variables({"STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:-"}):
        error = {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}, "ResponseMetadata": {}}
        with answered(aws.stepfunctions(), "sfn.DescribeExecution", error, status=400), pytest.raises(Unswept):
            driver.sweep()

    assert driver.record(prediction_id) == before_it
