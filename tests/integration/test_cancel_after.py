"""`Cancel-After`: the caller's own deadline, kept here and by the provider."""

import pytest

from tests.integration.driver import PICTURE, Answer, Driver

PATH = "/v1/models/sim/{model}/predictions"


def create(driver: Driver, header: str, model: str = "stuck") -> Answer:
    return driver.call("POST", PATH.format(model=model), {"input": PICTURE}, headers={"Cancel-After": header})


@pytest.mark.parametrize(
    ("header", "deadline"),
    [
        ("5", "10:00:05"),
        ("30", "10:00:30"),
        ("30s", "10:00:30"),
        ("90s", "10:01:30"),
        ("5m", "10:05:00"),
        ("1m30s", "10:01:30"),
        ("1m30", "10:01:30"),
        ("0h1m0s", "10:01:00"),
        (" 30s ", "10:00:30"),
        ("3599", "10:59:59"),
        ("1h", "11:00:00"),
        ("1h30m45s", "11:00:00"),
        ("24h", "11:00:00"),
        ("999999h", "11:00:00"),
    ],
)
def test_grammar(driver: Driver, header: str, deadline: str) -> None:
    """Ours is an hour: no caller's is longer."""
    answer = create(driver, header)

    assert answer.status == 201
    assert answer.body["deadline"] == f"2026-11-21T{deadline}.000Z"


@pytest.mark.parametrize(
    "header",
    [
        "0",
        "4",
        "4s",
        "-30",
        "30 s",
        "soon",
        "1.5m",
        "30S",
        "1d",
        "s",
        "h",
        "1s1m",
        "PT30S",
        "٣٠",
        "1e3",
        "30,60",
        "9" * 30,
    ],
)
def test_what_is_no_duration(driver: Driver, header: str) -> None:
    answer = create(driver, header.encode().decode("latin-1"))

    assert answer.status == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(answer.body) == {"title", "detail", "status"}
    assert driver.call("GET", "/v1/predictions").body["results"] == []


@pytest.mark.parametrize(("passed", "left"), [(0, "30s"), (10.4, "20s"), (24, "6s"), (26, "5s")])
def test_provider_gets_the_time_that_is_left(driver: Driver, passed: float, left: str) -> None:
    prediction_id = create(driver, "30").body["id"]
    driver.clock.passes(passed)
    driver.step("Create", prediction_id)

    assert driver.simulator.journal()[0]["headers"]["Cancel-After"] == left


def test_runs_into_it(driver: Driver) -> None:
    """What the caller asked for is no failure, and nothing goes on running."""
    prediction_id = create(driver, "30").body["id"]
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("canceled", "deadline_exceeded")
    shown = driver.read(prediction_id)
    assert shown["error"] == "The generation took too long and was stopped."
    assert shown["completed_at"] <= "2026-11-21T10:00:40.000Z"
    assert driver.simulator.counters()["running"] == 0


def test_never_began(driver: Driver) -> None:
    """Upstream it reads `aborted`; a caller reads `canceled`, since official clients break on the other word."""
    prediction_id = create(driver, "30", "queued").body["id"]
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("canceled", "deadline_exceeded")
    assert "started_at" not in driver.read(prediction_id)
    assert driver.simulator.counters()["aborted"] == 1


def test_in_time(driver: Driver) -> None:
    prediction_id = create(driver, "30", "slow").body["id"]
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("succeeded", None)


def test_over_before_it_was_sent(driver: Driver) -> None:
    prediction_id = create(driver, "30").body["id"]
    driver.clock.passes(30)
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("canceled", "deadline_exceeded")
    assert driver.calls()["create"] == 0


def test_provider_that_does_not_keep_it(driver: Driver) -> None:
    """Then we do: it is told to stop, and given a minute."""
    prediction_id = create(driver, "30").body["id"]
    driver.step("Create", prediction_id)
    driver.upstream().request = _without_deadline(driver)
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("canceled", "deadline_exceeded")
    assert driver.upstream().cancel_calls == 1
    assert driver.simulator.counters()["running"] == 0


def _without_deadline(driver: Driver) -> object:
    request = driver.upstream().request
    return type(request)(request.model, request.input, webhook=request.webhook)


def test_provider_that_goes_on_for_ever(driver: Driver) -> None:
    prediction_id = create(driver, "30").body["id"]
    driver.step("Create", prediction_id)
    driver.fault("get", "unknown_status", times=-1)
    driver.fault("cancel", "status", status=500, times=-1)
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("canceled", "deadline_exceeded")
    completed = driver.read(prediction_id)["completed_at"]
    assert "2026-11-21T10:01:30" <= completed <= "2026-11-21T10:02:30"


def test_after_the_verdict_it_no_longer_counts(driver: Driver) -> None:
    """It succeeded in time; that its output is stored later changes nothing."""
    prediction_id = create(driver, "30", "instant").body["id"]
    driver.step("Create", prediction_id)
    driver.clock.passes(5)
    assert driver.step("Status", prediction_id)["next"] == "Finalize"
    driver.clock.passes(600)
    driver.run(prediction_id, "Finalize")

    assert driver.outcome(prediction_id) == ("succeeded", None)


def test_canceled_before_it_counts(driver: Driver) -> None:
    """Who cancels is told of no deadline."""
    prediction_id = create(driver, "30").body["id"]
    driver.step("Create", prediction_id)
    driver.clock.passes(5)
    driver.cancel(prediction_id)
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("canceled", None)


def test_waits_end_at_the_deadline(driver: Driver) -> None:
    """The look that ends it comes right after."""
    prediction_id = create(driver, "30").body["id"]
    moments = [driver.clock.now()]
    state = "Create"
    while state != "End":
        answer = driver.step(state, prediction_id)
        state = answer["next"]
        driver.clock.passes(answer["wait"])
        moments.append(driver.clock.now())

    assert any(moment.isoformat() == "2026-11-21T10:00:30+00:00" for moment in moments)


def test_empty_is_none(driver: Driver) -> None:
    assert create(driver, "").body["deadline"] == "2026-11-21T11:00:00.000Z"
