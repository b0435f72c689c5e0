"""What each step asks of AWS is what bench/usage.py says: docs/cost.md and docs/scaling.md are computed from that."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bench.counted import WRITES, Asked, counted
from bench.functions import FUNCTIONS
from bench.usage import STEPS, Usage
from tests.conftest import TestClock, template
from tests.integration.driver import Driver
from tests.integration.subscriber import Subscriber

PROMPT = {"prompt": "a corgi on a hill at sunset"}


def used(asked: Asked) -> Usage:
    dynamodb = [request for request in asked.requests if request.service == "dynamodb"]
    return Usage(
        read=sum(request.read for request in dynamodb),
        written=sum(request.written for request in dynamodb if request.operation in WRITES),
        moved=sum(request.indexed for request in dynamodb),
        puts=asked.names["s3.PutObject"],
        starts=asked.names["stepfunctions.StartExecution"],
        wakes=asked.names["stepfunctions.SendTaskSuccess"],
    )


def during(act: Callable[[], Any]) -> Usage:
    with counted() as asked:
        act()
    return used(asked)


@pytest.fixture
def known(driver: Driver, test_clock: TestClock) -> Driver:
    """One whose key and model the functions know already."""
    driver.run(driver.submit("sim/slow", PROMPT))
    test_clock.passes(5)
    return driver


KILOBYTE = 2
"""By so many units a write may differ: a record is billed by whole KB, and one byte may begin another."""


def check(found: Usage, name: str, within: int = KILOBYTE) -> None:
    """A step uses what is said of it; whom it calls is not seen here."""
    said = replace(STEPS[name], calls={}, requests=0)
    assert abs(found.written - said.written) <= within
    assert replace(found, written=said.written) == said


class Way:
    """One prediction, step by step, and what each asks for."""

    def __init__(self, driver: Driver, model: str, **body: Any) -> None:
        self.driver = driver
        driver.simulator.reset()
        request = {"input": PROMPT, **body}
        self.submitted = during(lambda: self._submit(f"/v1/models/{model}/predictions", request))

    def _submit(self, path: str, request: Any) -> None:
        self.id = self.driver.call("POST", path, request).body["id"]

    def step(self, state: str) -> Usage:
        return during(lambda: self._step(state))

    def _step(self, state: str) -> None:
        self.answer = self.driver.step(state, self.id)


def test_a_webhook_brings_the_end(known: Driver, test_clock: TestClock) -> None:
    way = Way(known, "sim/slow")
    created = way.step("Create")
    parked = during(lambda: known.park(way.answer, "token"))
    test_clock.passes(1.5)
    heard = during(known.deliver)
    looked = way.step("Status")
    test_clock.passes(6)
    woken = during(known.deliver)
    finalized = way.step("Finalize")
    read = during(lambda: known.read(way.id))

    check(way.submitted, "submit")
    check(created, "create")
    check(parked, "park")
    check(heard, "heard")
    check(looked, "look")
    check(woken, "woken")
    check(finalized, "look and finalize")
    check(read, "read")


def test_a_look_finds_the_end(known: Driver, test_clock: TestClock) -> None:
    way = Way(known, "sim/slow")
    way.step("Create")
    test_clock.passes(10)

    check(way.step("Status"), "last look")
    check(way.step("Finalize"), "finalize")


def test_each_output_costs_a_put_and_a_write(known: Driver, test_clock: TestClock) -> None:
    finalized = []
    for number in (3, 4):
        way = Way(known, "sim/many", input=PROMPT | {"num_outputs": number})
        way.step("Create")
        test_clock.passes(10)
        way.step("Status")
        finalized.append(way.step("Finalize"))

    # Each of the writes after it may be a unit larger.
    check(finalized[1] - finalized[0], "output", within=4)


def test_telling_the_caller(known: Driver, subscriber: Subscriber, test_clock: TestClock) -> None:
    way = Way(known, "sim/slow", webhook=subscriber.url, webhook_events_filter=["completed"])
    way.step("Create")
    test_clock.passes(10)
    way.step("Status")
    way.step("Finalize")

    check(way.step("Announce"), "tell")


def test_the_functions_are_those_of_the_template() -> None:
    called = {name for usage in STEPS.values() for name in usage.calls}
    assert {f"{name}Function" for name in called} < set(template().functions())
    assert {name: function.memory for name, function in FUNCTIONS.items()} == {
        name: template().functions()[f"{name}Function"].memory for name in FUNCTIONS
    }
    assert called <= set(FUNCTIONS)
