"""A function may die at any write, and is called again with the same event: nothing is paid twice, nothing is lost."""

from typing import Literal

import pytest

from tests.integration.driver import Driver
from tests.integration.dying import answered_once, dying


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("writes", range(7))
def test_death_at_any_write(driver: Driver, writes: int, moment: Literal["before", "after"]) -> None:
    """Also who dies with the provider's answer in hand: what it paid for is found."""
    prediction_id = driver.submit("sim/many", {"num_outputs": 2})
    with dying(writes, moment):
        driver.run(prediction_id)
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert (driver.calls()["create"], driver.created()) == (1, 1)
    driver.check_files(driver.record(prediction_id), ["0.png", "1.png"], "image/png")
    assert driver.record(prediction_id).due_at is None


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("writes", range(3))
def test_death_while_canceling(driver: Driver, writes: int, moment: Literal["before", "after"]) -> None:
    """Whoever asks again, or the run itself, brings it to its end."""
    prediction_id = driver.running("sim/stuck")
    with dying(writes, moment):
        driver.cancel(prediction_id)
    driver.cancel(prediction_id)
    driver.run(prediction_id, "Status")

    assert driver.read(prediction_id)["status"] == "canceled"
    assert driver.simulator.counters()["canceled"] == 1


def test_handle_that_meets_a_cancel(driver: Driver) -> None:
    """DynamoDB refuses a transaction whose item is being written: what is paid for must not be lost by that."""
    prediction_id = driver.submit("sim/instant")
    conflict = {
        "Error": {"Code": "TransactionCanceledException", "Message": "Transaction cancelled [TransactionConflict]"},
        "CancellationReasons": [{"Code": "TransactionConflict", "Message": "Transaction is ongoing"}, {"Code": "None"}],
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    with answered_once("TransactWriteItems", conflict):
        driver.run(prediction_id)

    assert driver.read(prediction_id)["status"] == "succeeded"
    assert driver.created() == 1


def test_cancel_that_meets_a_handle(driver: Driver) -> None:
    """The other way round: the wish must not be answered with an error because a transaction is under way."""
    prediction_id = driver.running("sim/stuck")
    conflict = {
        "Error": {"Code": "TransactionConflictException", "Message": "Transaction is ongoing for the item"},
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    with answered_once("UpdateItem", conflict):
        shown = driver.cancel(prediction_id)

    assert shown["status"] == "canceled"
