"""Room at the provider, and for each caller: first come, first served, and nobody asks more often than is allowed."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.environment import variables
from lumeo import clock
from lumeo.keys import keys
from lumeo.prediction import Turn
from lumeo.store import due, store
from tests.integration.driver import PICTURE, Driver
from tests.integration.meeting import before

INTERVAL = 10
PATH = "/v1/models/sim/instant/predictions"


@pytest.fixture
def narrow(driver: Driver) -> Iterator[Driver]:
    """A provider that takes six submissions a minute, one at a time."""
    with variables({"REPLICATE_CREATES_PER_MINUTE": "6"}):
        yield driver


def room(driver: Driver, prediction_id: str) -> Turn:
    turn = driver.record(prediction_id).room
    assert turn is not None
    return turn


def wait(driver: Driver, prediction_id: str) -> int:
    """How long Create asks to wait for a turn."""
    answer = driver.step("Create", prediction_id)
    assert answer["next"] == "Create"
    return int(answer["wait"])


def submitted(driver: Driver) -> list[str]:
    """Our predictions that the provider has, in the order in which it took them."""
    return [str(run.request.webhook).split("/")[-2] for run in driver.simulator.all()]


def asked(driver: Driver) -> list[dict[str, Any]]:
    """What the provider got of submissions."""
    return [entry for entry in driver.simulator.journal() if entry["call"] == "create"]


def all_of_them(driver: Driver, ids: list[str], seconds: int) -> None:
    """Every run at once, second by second, each woken exactly when its wait is over."""
    wakes = dict.fromkeys(ids, 0)
    for second in range(seconds):
        for prediction_id in [known for known in ids if wakes.get(known) == second]:
            answer = driver.step("Create", prediction_id)
            wakes[prediction_id] = second + answer["wait"]
            if answer["next"] != "Create":
                del wakes[prediction_id]
        driver.clock.passes(1)


# The queue


def test_nobody_waits_while_there_is_room(driver: Driver) -> None:
    """A burst goes at once: waiting costs transitions."""
    for _ in range(20):
        driver.running("sim/instant")

    assert driver.created() == 20


def test_turns_are_an_interval_apart(narrow: Driver) -> None:
    ids = [narrow.submit("sim/instant") for _ in range(5)]
    assert narrow.step("Create", ids[0])["next"] == "Status"

    assert [wait(narrow, prediction_id) for prediction_id in ids[1:]] == [INTERVAL * n for n in (1, 2, 3, 4)]
    assert narrow.calls()["create"] == 1


def test_wait_is_as_long_as_the_turn_says(narrow: Driver) -> None:
    """At its end it is submitted: neither a second wait nor one submission too early."""
    narrow.running("sim/instant")
    narrow.clock.passes(2.5)
    prediction_id = narrow.submit("sim/instant")
    seconds = wait(narrow, prediction_id)
    assert (seconds, room(narrow, prediction_id).at) == (8, "2026-11-21T10:00:10.000Z")
    narrow.clock.passes(seconds - 2)
    assert wait(narrow, prediction_id) == 2
    assert narrow.calls()["create"] == 1
    narrow.clock.passes(2)

    assert narrow.step("Create", prediction_id)["next"] == "Status"
    assert narrow.created() == 2


def test_asking_again_takes_no_second_turn(narrow: Driver) -> None:
    """Lambda may call a function as often as it likes: a turn is booked once."""
    narrow.running("sim/instant")
    first, second = narrow.submit("sim/instant"), narrow.submit("sim/instant")
    assert {wait(narrow, first) for _ in range(10)} == {INTERVAL}

    assert wait(narrow, second) == 2 * INTERVAL


def test_turn_that_comes_within_a_second_is_waited_for_here(narrow: Driver) -> None:
    narrow.running("sim/instant")
    narrow.clock.passes(9.2)

    assert narrow.step("Create", narrow.submit("sim/instant"))["next"] == "Status"
    assert asked(narrow)[1]["at"] == "2026-11-21T10:00:10.000Z"


def test_first_come_first_served(narrow: Driver) -> None:
    ids = [narrow.submit("sim/instant") for _ in range(8)]
    all_of_them(narrow, ids, 100)

    assert submitted(narrow) == ids


def test_rate_is_kept_over_a_minute(narrow: Driver) -> None:
    ids = [narrow.submit("sim/instant") for _ in range(20)]
    all_of_them(narrow, ids, 200)

    times = [clock.parse(entry["at"]).timestamp() for entry in asked(narrow)]
    assert len(times) == 20
    assert all(sum(start <= moment < start + 60 for moment in times) <= 6 for start in times)


def test_late_wake_costs_nobody_else(narrow: Driver) -> None:
    """One whose function comes late has its turn behind it, and goes at once."""
    narrow.running("sim/instant")
    first, second = narrow.submit("sim/instant"), narrow.submit("sim/instant")
    wait(narrow, first)
    wait(narrow, second)
    narrow.clock.passes(2 * INTERVAL)

    assert narrow.step("Create", second)["next"] == "Status"
    assert narrow.step("Create", first)["next"] == "Status"


# The provider says no


@pytest.mark.parametrize("hint", ["header", "body", "text"])
@pytest.mark.parametrize("seconds", [1, 7, 37, 90])
def test_hint_is_kept_to_the_second(driver: Driver, hint: str, seconds: int) -> None:
    driver.fault("create", "throttle", hint=hint, seconds=seconds)
    prediction_id = driver.submit("sim/instant")
    assert wait(driver, prediction_id) == seconds
    if seconds > 2:
        driver.clock.passes(seconds - 2)
        assert wait(driver, prediction_id) == 2
        assert driver.calls()["create"] == 1
        driver.clock.passes(2)
    else:
        driver.clock.passes(seconds)
    assert driver.step("Create", prediction_id)["next"] == "Status"


@pytest.mark.parametrize("hint", ["header", "body", "text"])
def test_no_holds_for_everybody(driver: Driver, hint: str) -> None:
    """Also for those who have a turn, and those who come now: nobody else finds out by being refused."""
    driver.fault("create", "throttle", hint=hint, seconds=30)
    first = driver.submit("sim/instant")
    assert wait(driver, first) == 30
    driver.clock.passes(5)
    others = [driver.submit("sim/instant") for _ in range(5)]

    assert min(wait(driver, other) for other in others) >= 25
    assert driver.calls()["create"] == 1


def test_no_holds_back_those_who_have_a_turn(narrow: Driver) -> None:
    ids = [narrow.submit("sim/instant") for _ in range(4)]
    narrow.fault("create", "throttle", hint="header", seconds=60, after=1)
    assert narrow.step("Create", ids[0])["next"] == "Status"
    assert [wait(narrow, prediction_id) for prediction_id in ids[1:]] == [10, 20, 30]
    narrow.clock.passes(10)
    assert wait(narrow, ids[1]) == 60
    narrow.clock.passes(10)

    assert wait(narrow, ids[2]) >= 50, "its turn has come, but the provider takes nobody"
    assert narrow.calls()["create"] == 2


def test_order_is_kept_after_a_no(narrow: Driver) -> None:
    """Whoever is refused has come first all the same."""
    ids = [narrow.submit("sim/instant") for _ in range(6)]
    narrow.fault("create", "throttle", hint="header", seconds=25, after=2)
    all_of_them(narrow, ids, 200)

    assert submitted(narrow) == ids
    assert narrow.calls()["create"] == 7


def test_order_is_kept_after_a_no_to_the_first(narrow: Driver) -> None:
    """It did not have to wait for its turn, but it had one."""
    ids = [narrow.submit("sim/instant") for _ in range(5)]
    narrow.fault("create", "throttle", hint="header", seconds=25, times=2)
    all_of_them(narrow, ids, 200)

    assert submitted(narrow) == ids


def test_order_is_kept_after_many_nos(narrow: Driver) -> None:
    ids = [narrow.submit("sim/instant") for _ in range(4)]
    narrow.fault("create", "throttle", hint="none", times=6)
    all_of_them(narrow, ids, 600)

    assert submitted(narrow) == ids
    assert narrow.calls()["create"] == 4 + 6


def test_short_hint_that_is_not_true(driver: Driver) -> None:
    """A provider that says *in a second* for an hour is asked more and more rarely: a run has only so many rounds."""
    driver.fault("create", "throttle", hint="text", seconds=1, times=-1)
    prediction_id = driver.submit("sim/instant")
    visited = driver.run(prediction_id, rounds=2000)

    assert driver.outcome(prediction_id) == ("failed", "provider_busy")
    assert len(visited) < 150
    assert max(seconds for _, seconds in visited) <= 61


@pytest.mark.parametrize("seconds", [0, 0.2])
def test_hint_of_less_than_a_second(driver: Driver, seconds: float) -> None:
    driver.fault("create", "throttle", hint="header", seconds=seconds, times=2)
    prediction_id = driver.submit("sim/instant")
    visited = driver.run(prediction_id)

    assert visited[:2] == [("Create", 1), ("Create", 1)]
    assert driver.outcome(prediction_id) == ("succeeded", None)


@pytest.mark.parametrize("hint", ["-5", "soon", "1e99", "nan", "inf", "Fri, 21 Nov 2026 10:00:30 GMT", "100000"])
def test_hint_that_is_none(driver: Driver, hint: str) -> None:
    driver.fault("create", "status", status=429, headers={"Retry-After": hint}, body={"detail": "no"})
    prediction_id = driver.submit("sim/instant")

    assert 4 <= wait(driver, prediction_id) <= 6


def test_outage_leaves_no_turns_behind(narrow: Driver) -> None:
    """What did not arrive for another reason than a 429 books anew: the rate is kept when the provider comes back."""
    narrow.fault("create", "status", status=500)
    first = narrow.submit("sim/instant")
    narrow.run(first)
    times = [entry["at"] for entry in narrow.simulator.journal() if entry["call"] == "create"]

    assert narrow.outcome(first) == ("succeeded", None)
    assert len(times) == 2
    assert narrow.record(first).room is None


# Too late


def test_turn_after_the_deadline_is_no_turn(narrow: Driver) -> None:
    """It is over at once, instead of in an hour."""
    ids = [narrow.submit("sim/instant", cancel_after="25") for _ in range(5)]
    answers = [narrow.step("Create", prediction_id) for prediction_id in ids]

    assert [answer["next"] for answer in answers] == ["Status", "Create", "Create", "Finalize", "Finalize"]
    narrow.run(ids[3], "Finalize")
    shown = narrow.read(ids[3])
    assert (shown["status"], shown["error_code"]) == ("failed", "provider_busy")
    assert shown["completed_at"] == "2026-11-21T10:00:00.000Z"
    assert shown["error"] == "The model is busy at the moment. Please try again later."


def test_turns_that_nobody_takes_are_not_booked(narrow: Driver) -> None:
    """Who gives up leaves the queue as long as it was."""
    narrow.running("sim/instant")
    for _ in range(50):
        impatient = narrow.submit("sim/instant", cancel_after="5")
        assert narrow.step("Create", impatient)["next"] == "Finalize"

    assert wait(narrow, narrow.submit("sim/instant")) == INTERVAL


def test_no_until_after_the_deadline(driver: Driver) -> None:
    """The one that is refused, and those who only have a turn."""
    patient, impatient = driver.submit("sim/instant"), driver.submit("sim/instant", cancel_after="60")
    driver.fault("create", "throttle", hint="header", seconds=100)
    assert wait(driver, patient) == 100
    driver.run(impatient)

    assert driver.outcome(impatient) == ("failed", "provider_busy")
    driver.run(patient)
    assert driver.outcome(patient) == ("succeeded", None)


# Nobody waits for what is not wanted


def test_cancel_while_waiting(narrow: Driver) -> None:
    narrow.running("sim/instant")
    prediction_id = narrow.submit("sim/instant")
    wait(narrow, prediction_id)

    assert narrow.cancel(prediction_id)["status"] == "canceled"
    narrow.clock.passes(INTERVAL)
    assert narrow.step("Create", prediction_id)["next"] == "End"
    assert narrow.created() == 1


def test_cancel_between_two_writes(narrow: Driver) -> None:
    """The turn is noted on what was canceled meanwhile: it is not, and the run ends."""
    narrow.running("sim/instant")
    prediction_id = narrow.submit("sim/instant")
    with before("UpdateItem", lambda: narrow.cancel(prediction_id), nth=3):
        narrow.step("Create", prediction_id)

    assert narrow.outcome(prediction_id) == ("canceled", None)
    narrow.run(prediction_id)
    assert narrow.created() == 1


def test_cancel_that_meets_a_retract(driver: Driver) -> None:
    """The wish was meant for a submission that is just being taken back: nobody waits an hour for a turn."""
    prediction_id = driver.submit("sim/instant")
    driver.fault("create", "drop_before")
    driver.step("Create", prediction_id)
    intent = driver.record(prediction_id).intent
    assert intent is not None

    def retracted() -> None:
        assert store().retract(prediction_id, prediction_id, intent, 1, due(3000))

    with before("UpdateItem", retracted, nth=2):
        shown = driver.cancel(prediction_id)

    assert shown["status"] == "canceled"
    assert driver.record(prediction_id).due_at is None
    assert driver.step("Create", prediction_id)["next"] == "End"


# Each caller


def create(driver: Driver, **headers: str) -> Any:
    return driver.call("POST", PATH, {"input": PICTURE}, headers=headers)


@pytest.fixture
def modest(driver: Driver) -> Iterator[Driver]:
    """Twelve predictions a minute for each caller, two of them at once."""
    with variables({"CALLER_CREATES_PER_MINUTE": "12"}):
        yield driver


def test_caller_that_creates_too_many(modest: Driver) -> None:
    """Replicate's own sentence, and both places where a client looks for the seconds."""
    answers = [create(modest) for _ in range(3)]

    assert [answer.status for answer in answers] == [201, 201, 429]
    refused = answers[2]
    assert refused.headers["Retry-After"] == "5"
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.body == {
        "title": "Too many requests",
        "detail": "Request was throttled. Your rate limit of 12 predictions a minute resets in ~5s.",
        "status": 429,
        "retry_after": 5,
    }
    assert len(modest.call("GET", "/v1/predictions").body["results"]) == 2


def test_caller_that_waits_as_long_as_it_is_told(modest: Driver) -> None:
    while (answer := create(modest)).status == 201:
        continue
    modest.clock.passes(int(answer.headers["Retry-After"]) - 1)
    assert create(modest).status == 429
    modest.clock.passes(1)

    assert create(modest).status == 201
    assert create(modest).status == 429


def test_refusals_do_not_prolong_it(modest: Driver) -> None:
    while create(modest).status == 201:
        continue
    for _ in range(30):
        assert create(modest).headers["Retry-After"] == "5"
    modest.clock.passes(5)

    assert create(modest).status == 201


def test_rate_of_a_caller_over_time(modest: Driver) -> None:
    made = 0
    for _ in range(120):
        made += create(modest).status == 201
        modest.clock.passes(1)

    assert 24 <= made <= 26


def test_callers_have_rates_of_their_own(modest: Driver) -> None:
    while create(modest).status == 201:
        continue
    bob = keys().create("bob", "another")

    assert create(modest, Authorization=f"Bearer {bob}").status == 201
    second_key = keys().create("alice", "a second key")
    assert create(modest, Authorization=f"Bearer {second_key}").status == 429


@pytest.mark.parametrize("body", [{}, {"input": 7}, {"input": {}, "version": 5}])
def test_what_is_refused_anyway_costs_nothing(modest: Driver, body: dict[str, Any]) -> None:
    for _ in range(10):
        assert modest.call("POST", "/v1/predictions", body).status == 422

    assert create(modest).status == 201
    assert create(modest).status == 201


def test_reading_and_canceling_are_not_counted(modest: Driver) -> None:
    prediction_id = modest.submit("sim/instant")
    for _ in range(20):
        modest.read(prediction_id)
        modest.cancel(prediction_id)

    assert create(modest).status == 201
