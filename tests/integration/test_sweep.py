"""Sweep: what promised to be looked at and was not."""

import dataclasses
from contextlib import AbstractContextManager

import pytest

from lumeo import aws, settings
from lumeo.errors import Unswept
from lumeo.prediction import Phase
from lumeo.store import DUE_READ, due, store
from tests.conftest import TestClock
from tests.integration.driver import Driver
from tests.integration.dying import answered
from tests.integration.platform import Platform, break_step_functions, mend_step_functions
from tests.integration.printing import Printed


def refused(operation: str) -> AbstractContextManager[None]:
    """Step Functions does not allow it."""
    error = {"Code": "AccessDeniedException", "Message": "is not authorized to perform"}
    return answered(aws.stepfunctions(), f"sfn.{operation}", {"Error": error, "ResponseMetadata": {}}, status=400)


def test_nothing_to_do(driver: Driver) -> None:
    assert driver.sweep() == 0


def test_starts_what_never_started(driver: Driver, test_clock: TestClock) -> None:
    """The call was answered 201: the prediction comes to its end although Step Functions was away."""
    break_step_functions()
    prediction_id = driver.submit("sim/instant")
    test_clock.passes(121)
    with pytest.raises(Unswept, match="1 of 1 overdue"):
        driver.sweep()
    assert driver.record(prediction_id).due_at == "2026-11-21T10:02:00.000Z", "it is still owed"
    mend_step_functions()
    assert driver.sweep() == 1

    assert driver.started() == [prediction_id]
    assert driver.sweep() == 0, "started, it is left alone for two minutes"
    driver.run(prediction_id)
    assert driver.read(prediction_id)["status"] == "succeeded"


def test_leaves_alone_what_was_just_accepted(driver: Driver, test_clock: TestClock) -> None:
    break_step_functions()
    driver.submit("sim/instant")
    mend_step_functions()
    test_clock.passes(119)

    assert driver.sweep() == 0
    assert driver.started() == []


def test_leaves_alone_what_is_looked_after(driver: Driver, test_clock: TestClock) -> None:
    prediction_id = driver.running("sim/stuck")
    for _ in range(3):
        test_clock.passes(100)
        assert driver.sweep() == 0
        driver.step("Status", prediction_id)


@pytest.mark.parametrize("model", ["sim/instant", "sim/nsfw"])
def test_leaves_alone_what_is_over(driver: Driver, test_clock: TestClock, model: str) -> None:
    driver.finished(model)
    canceled = driver.submit("sim/instant")
    driver.cancel(canceled)
    test_clock.passes(10_000)

    assert driver.sweep() == 0


def test_running_twice_starts_once(driver: Driver, test_clock: TestClock) -> None:
    """A run's name is taken only once: a sweep that comes too early changes nothing."""
    prediction_id = driver.submit("sim/instant")
    test_clock.passes(121)

    assert driver.sweep() == 1
    assert driver.started() == [prediction_id]


def test_what_it_cannot_mend_stands_in_the_way_of_nothing(driver: Driver, test_clock: TestClock) -> None:
    """More predictions of one shard than one look takes, all of them overdue for longer."""
    accepted = driver.record(driver.submit("sim/instant"))
    for n in range(DUE_READ + 1):
        stuck = dataclasses.replace(accepted, id=f"{n:026d}", run="-", due_shard=3, phase=Phase.SENDING)
        store().accept(stuck)
    late = dataclasses.replace(accepted, id="z" * 26, run="z" * 26, due_shard=3, due_at=due(60))
    store().accept(late)
    test_clock.passes(300)
    for _ in range(3):
        driver.sweep()

    assert late.run in driver.started()


def test_what_cannot_be_read_stands_in_the_way_of_nothing(driver: Driver, test_clock: TestClock) -> None:
    """An item of a newer version, say, after the functions went back to an older one."""
    strange, late = driver.submit("sim/instant"), driver.submit("sim/instant")
    aws.dynamodb().update_item(
        TableName=settings.table_name(),
        Key={"pk": {"S": f"prediction#{strange}"}},
        UpdateExpression="SET phase = :phase, due_at = :first",
        ExpressionAttributeValues={":phase": {"S": "levitating"}, ":first": {"S": "2026-01-01T00:00:00.000Z"}},
    )
    test_clock.passes(300)
    with pytest.raises(Unswept, match="1 of 2 overdue"):
        driver.sweep()

    assert driver.record(late).due_at == due(0)


def test_it_fails_where_it_may_not_look(driver: Driver, printed: Printed, test_clock: TestClock) -> None:
    """Lambda counts that, and an alarm rings; the line of the whole is about no prediction."""
    two = {driver.submit("sim/instant") for _ in range(2)}
    test_clock.passes(121)
    with refused("DescribeExecution"), pytest.raises(Unswept, match="2 of 2 overdue"):
        driver.sweep()

    each, whole = (
        [line for line in printed.lines if line.get("message") == said] for said in ("could not be swept", "it failed")
    )
    assert {line["prediction_id"] for line in each} == two
    assert [line.get("prediction_id") for line in whole] == [None]


def test_it_fails_where_the_next_run_cannot_be_started(driver: Driver, platform: Platform) -> None:
    prediction_id = driver.running("sim/instant")
    driver.clock.passes(121)
    platform.ends(prediction_id, "FAILED")
    driver.clock.passes(61)
    with refused("StartExecution"), pytest.raises(Unswept):
        driver.sweep()
    assert driver.record(prediction_id).run == f"{prediction_id}-2"

    driver.clock.passes(121)
    assert driver.sweep() == 1
    assert f"{prediction_id}-2" in driver.started()
