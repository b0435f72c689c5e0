"""State Status: one look. Whatever trouble the provider has, a run that is paid for is not given up."""

import dataclasses
import json
import math
from datetime import timedelta
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities import parameters

from lumeo import settings
from tests.integration.driver import Driver

TROUBLES = [
    pytest.param("status", {"status": 429}, id="429"),
    pytest.param("status", {"status": 401}, id="401"),
    pytest.param("status", {"status": 502}, id="502"),
    pytest.param("status", {"status": 302, "headers": {"Location": "/"}}, id="302"),
    pytest.param("status", {"status": 204, "body": ""}, id="204"),
    pytest.param("html", {}, id="a page"),
    pytest.param("half_json", {}, id="half an answer"),
    pytest.param("drop_before", {}, id="reset"),
    pytest.param("status", {"status": 200, "body": []}, id="a list"),
    pytest.param("status", {"status": 200, "body": {"id": "another", "status": "failed"}}, id="another prediction"),
]


def answer_with(driver: Driver, status: str, times: int = 1, **more: Any) -> None:
    """The next looks see a prediction with these fields."""
    body = {"id": driver.upstream().id, "status": status, **more}
    driver.fault("get", "status", status=200, body=body, times=times)


@pytest.mark.parametrize(("kind", "more"), TROUBLES)
def test_trouble_means_still_running(driver: Driver, lines: list[str], kind: str, more: dict[str, Any]) -> None:
    """Longer and longer waits, then the outcome as if nothing had been."""
    prediction_id = driver.running("sim/instant")
    driver.fault("get", kind, times=4, **more)
    visited = driver.run(prediction_id, "Status")

    waits = [wait for state, wait in visited if state == "Status"]
    assert waits[:4] == sorted(waits[:4])
    assert waits[0] >= 4
    assert 30 <= waits[3] <= 60
    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert driver.record(prediction_id).polls == 5
    assert driver.record(prediction_id).troubles == 0
    assert (driver.calls()["create"], driver.calls()["get"]) == (1, 5)
    assert sum("a look brought nothing" in line for line in lines) == 1


def test_trouble_shows_nothing_to_the_caller(driver: Driver) -> None:
    prediction_id = driver.running("sim/image")
    driver.clock.passes(1)
    driver.step("Status", prediction_id)
    before = driver.read(prediction_id)
    driver.fault("get", "status", status=500, times=3)
    driver.run(prediction_id, "Status", rounds=2)

    assert before["status"] == "processing"
    assert driver.read(prediction_id) == before


def test_throttled_look_comes_back_when_it_was_told(driver: Driver) -> None:
    prediction_id = driver.running("sim/instant")
    driver.fault("get", "throttle", hint="header", seconds=42)

    assert driver.step("Status", prediction_id)["wait"] == 42


def test_token_that_is_taken_away_while_it_runs(driver: Driver) -> None:
    """An owner's mistake costs looks, not a paid run."""
    prediction_id = driver.running("sim/instant")
    good = boto3.client("secretsmanager").get_secret_value(SecretId=settings.provider_secret())["SecretString"]
    _put_secret("{}")
    answer = driver.step("Status", prediction_id)
    _put_secret(good)
    driver.run(prediction_id, answer["next"])

    assert answer["next"] == "Status"
    assert driver.outcome(prediction_id) == ("succeeded", None)


def _put_secret(text: str) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId=settings.provider_secret(), SecretString=text)
    parameters.clear_caches()  # type: ignore[no-untyped-call]


def test_not_found_at_first_is_only_late(driver: Driver) -> None:
    prediction_id = driver.running("sim/instant")
    driver.fault("get", "status", status=404, times=4)
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("succeeded", None)


def test_not_found_later_is_gone(driver: Driver) -> None:
    """Three looks in a row, so that one bad answer does not end a paid run."""
    prediction_id = driver.running("sim/stuck")
    driver.clock.passes(61)
    driver.fault("get", "status", status=404, times=-1)
    visited = driver.run(prediction_id, "Status")

    assert [state for state, _ in visited] == ["Status", "Status", "Status", "Finalize"]
    assert driver.outcome(prediction_id) == ("failed", "interrupted")


def test_not_found_twice_is_not_gone(driver: Driver) -> None:
    prediction_id = driver.running("sim/instant")
    driver.clock.passes(61)
    driver.fault("get", "status", status=404, times=2)
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("succeeded", None)


@pytest.mark.parametrize("before", [500, 429])
def test_not_found_once_after_other_troubles_is_not_gone(driver: Driver, before: int) -> None:
    """What counts are looks in a row that say *gone*: an outage that ends with one 404 says it once."""
    prediction_id = driver.running("sim/instant")
    driver.clock.passes(61)
    driver.fault("get", "status", status=before, times=4)
    driver.fault("get", "status", status=404)
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("succeeded", None)


def test_troubles_of_the_submission_are_not_those_of_a_look(driver: Driver) -> None:
    driver.fault("create", "throttle", hint="none", times=4)
    prediction_id = driver.submit("sim/instant")
    driver.run(prediction_id, rounds=5)
    assert driver.record(prediction_id).phase == "running"
    driver.fault("get", "status", status=500)

    assert driver.step("Status", prediction_id)["wait"] <= 5


def test_waits_grow_from_one_to_five_seconds(driver: Driver) -> None:
    """Where no webhook is expected any more: one has come, and the run goes on."""
    prediction_id = driver.running("sim/stuck")
    driver.overwrite(prediction_id, wakes=1)
    waits = [wait for _, wait in driver.run(prediction_id, "Status", rounds=20)]

    assert waits[0] <= 2
    assert set(waits) <= {1, 2, 3, 4, 5}
    assert waits[5:].count(5) >= 5
    assert sum(waits[:3]) < sum(waits[3:6])


def test_waits_are_longer_while_a_webhook_is_expected(driver: Driver) -> None:
    """It ends them; the looks are for the one that is lost."""
    prediction_id = driver.submit("sim/stuck")
    waits = [wait for _, wait in driver.run(prediction_id, rounds=20)]

    assert waits[0] == 6
    assert waits[:5] == sorted(waits[:5])
    assert set(waits[5:]) <= {27, 28, 29, 30}


def test_promise_moves_with_each_look(driver: Driver) -> None:
    """Sweep notices two minutes after a look that did not come."""
    prediction_id = driver.running("sim/stuck")
    for _ in range(4):
        answer = driver.step("Status", prediction_id)
        wanted = driver.clock.now() + timedelta(seconds=answer["wait"] + 120)
        assert driver.record(prediction_id).due_at == wanted.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        driver.clock.passes(answer["wait"])
    assert driver.record(prediction_id).polls == 4


def test_what_a_caller_sees_while_it_runs(driver: Driver) -> None:
    """`starting`, then `processing` with the time when it began and logs that grow."""
    prediction_id = driver.running("sim/cold")
    driver.clock.passes(10)
    driver.step("Status", prediction_id)
    starting = driver.read(prediction_id)
    driver.clock.passes(28.9)
    driver.step("Status", prediction_id)
    early = driver.read(prediction_id)
    driver.clock.passes(1)
    driver.step("Status", prediction_id)
    late = driver.read(prediction_id)

    assert (starting["status"], starting["logs"]) == ("starting", "")
    assert "started_at" not in starting
    assert (early["status"], early["started_at"]) == ("processing", "2026-11-21T10:00:38.000Z")
    assert late["logs"].startswith(early["logs"])
    assert len(late["logs"]) > len(early["logs"]) > 0
    assert late["output"] is None
    assert "completed_at" not in late


def test_status_never_goes_back(driver: Driver) -> None:
    prediction_id = driver.running("sim/stuck")
    driver.step("Status", prediction_id)
    answer_with(driver, "starting")
    driver.step("Status", prediction_id)

    assert driver.read(prediction_id)["status"] == "processing"


def test_logs_that_vanish_are_kept(driver: Driver) -> None:
    """Replicate drops them when a run is canceled."""
    prediction_id = driver.running("sim/stuck")
    driver.clock.passes(5)
    driver.step("Status", prediction_id)
    answer_with(driver, "canceled", logs=None)
    driver.run(prediction_id, "Status")

    assert driver.read(prediction_id)["logs"].startswith("Using seed")


@pytest.mark.parametrize(
    "more",
    [
        {"started_at": "yesterday", "metrics": [1], "logs": 7, "model": 5, "version": None, "error": {"a": 1}},
        {"started_at": "2026-11-21T10:00:01", "metrics": None, "logs": ["x"]},
        {"started_at": 5, "urls": None, "metrics": {"predict_time": 1.5e-7}},
    ],
)
def test_fields_of_strange_types(driver: Driver, more: dict[str, Any]) -> None:
    prediction_id = driver.running("sim/instant")
    answer_with(driver, "processing", **more)
    answer_with(driver, "succeeded", output="text", **more)
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert driver.read(prediction_id)["output"] == "text"


def test_error_that_is_no_text(driver: Driver) -> None:
    prediction_id = driver.running("sim/instant")
    answer_with(driver, "failed", error={"message": "NSFW content"})
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("failed", "content_rejected")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("Async prediction failed: ModelError: flagged as sensitive (E005)", "content_rejected"),
        ("The input was invalid. Please try again with different inputs. (E006)", "invalid_input"),
        ("Provider credits exhausted (E001)", "provider_account"),
        ("Service is currently unavailable due to high demand. Please try again later. (E003)", "provider_busy"),
        ("Director: unexpected error handling prediction (E6716)", "interrupted"),
        ("CUDA out of memory (E1001)", "generation_failed"),
        ("", "generation_failed"),
    ],
)
def test_classes_of_failures(driver: Driver, error: str, code: str) -> None:
    prediction_id = driver.running("sim/instant")
    answer_with(driver, "failed", error=error)
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("failed", code)


def test_data_that_was_removed_before_it_was_seen(driver: Driver) -> None:
    """More than an hour without a look."""
    prediction_id = driver.running("sim/image")
    driver.clock.passes(3590)
    driver.clock.passes(3700)
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("failed", "output_expired")


def test_success_after_the_deadline_counts(driver: Driver) -> None:
    """What is paid for and there is not thrown away for being late."""
    prediction_id = driver.running("sim/image")
    driver.clock.passes(3601)
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("succeeded", None)


def test_deadline_cancels_upstream_and_fails(driver: Driver) -> None:
    """Replicate says that it stopped: our own deadline is a failure, not something that the caller asked for."""
    prediction_id = driver.running("sim/stuck")
    run = driver.upstream()
    run.request = dataclasses.replace(run.request, cancel_after=math.inf)  # a provider that keeps no deadline
    driver.clock.passes(3599)
    visited = driver.run(prediction_id, "Status")

    assert visited[0] == ("Status", 1), "the look that ends it comes right after the deadline"
    assert driver.upstream().cancel_calls == 1
    assert driver.outcome(prediction_id) == ("failed", "deadline_exceeded")
    assert driver.read(prediction_id)["error"] == "The generation took too long and was stopped."


def test_deadline_without_an_answer_from_the_provider(driver: Driver) -> None:
    """A minute of grace after the cancel, then it is over; a cancel that did not take is repeated, not hammered."""
    prediction_id = driver.running("sim/stuck")
    driver.clock.passes(3599)
    driver.fault("get", "status", status=500, times=-1)
    driver.fault("cancel", "status", status=500, times=-1)
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("failed", "deadline_exceeded")
    record = driver.record(prediction_id)
    assert str(record.completed_at) > "2026-11-21T11:01:00"
    assert str(record.completed_at) < "2026-11-21T11:03:00"
    assert 1 <= driver.calls()["cancel"] <= 7


def test_deadline_of_a_run_that_does_not_stop(driver: Driver) -> None:
    prediction_id = driver.running("sim/stuck")
    driver.clock.passes(3599)
    driver.fault("get", "unknown_status", times=-1)
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("failed", "deadline_exceeded")
    assert str(driver.record(prediction_id).completed_at) <= "2026-11-21T11:01:30.000Z"


def test_deadline_that_the_provider_keeps(driver: Driver) -> None:
    """It was told how long it may take, and ends the run by itself."""
    prediction_id = driver.running("sim/stuck")
    driver.clock.passes(3600)
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("failed", "deadline_exceeded")
    assert driver.calls()["cancel"] == 0


def test_deadline_that_the_provider_keeps_a_moment_early(driver: Driver) -> None:
    """It counts whole seconds from its own beginning; what it ends for our deadline was canceled by nobody."""
    prediction_id = driver.submit("sim/stuck")
    driver.clock.passes(1.5)
    driver.step("Create", prediction_id)
    driver.clock.passes(3598.2)  # 0.3 s before the deadline
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("failed", "deadline_exceeded")


def test_deadline_of_what_never_began(driver: Driver) -> None:
    prediction_id = driver.running("sim/queued")
    driver.clock.passes(3600)
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("canceled", "deadline_exceeded")
    assert driver.record(prediction_id).status == "aborted"


def test_redelivery_is_one_more_look(driver: Driver) -> None:
    prediction_id = driver.running("sim/image")
    driver.clock.passes(1)
    first, second = (driver.step("Status", prediction_id) for _ in range(2))

    assert (first["next"], second["next"]) == ("Status", "Status")
    assert driver.record(prediction_id).polls == 2


def test_redelivery_after_the_end_upstream(driver: Driver) -> None:
    """The verdict stands: it is not looked again, and nothing is written."""
    prediction_id = driver.settled("sim/instant")
    before, looks = driver.record(prediction_id), driver.calls()["get"]

    assert driver.step("Status", prediction_id)["next"] == "Finalize"
    assert driver.record(prediction_id) == before
    driver.step("Finalize", prediction_id)
    assert driver.step("Status", prediction_id)["next"] == "End"
    assert driver.calls()["get"] == looks


def test_overtaken_run_looks_no_more(driver: Driver) -> None:
    prediction_id = driver.running("sim/instant")
    before = driver.record(prediction_id)

    assert driver.step("Status", prediction_id, "another-run")["next"] == "End"
    assert driver.record(prediction_id) == before
    assert driver.calls()["get"] == 0


def test_before_it_was_submitted(driver: Driver) -> None:
    assert driver.step("Status", driver.submit("sim/instant"))["next"] == "Create"


def test_verdict_is_written_once(driver: Driver) -> None:
    """A look whose answer is held back meets a verdict that was written meanwhile."""
    prediction_id = driver.running("sim/instant")
    driver.fault("get", "delay", seconds=1)
    driver.simulator_clock.meanwhile = lambda: driver.step("Status", prediction_id)
    late = driver.step("Status", prediction_id)
    verdict = driver.record(prediction_id).verdict

    assert late["next"] == "Status"
    assert verdict is not None
    assert driver.step("Status", prediction_id)["next"] == "Finalize"
    assert driver.record(prediction_id).verdict == verdict


def test_tokens_are_kept_nowhere(driver: Driver) -> None:
    """Models print what they are given; ours and Replicate's tokens are replaced before anything is stored."""
    token = "r8_0123456789abcdefghijklmnopqrstuvwxyz"
    prediction_id = driver.running("sim/instant")
    text = f"token {token}\n{token}\t{token}"
    answer_with(driver, "failed", error=text, logs=text)
    driver.run(prediction_id, "Status")

    record = driver.record(prediction_id)
    assert token not in json.dumps(driver.read(prediction_id))
    assert token not in str(record)
