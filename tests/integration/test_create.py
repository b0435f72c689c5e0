"""State Create: the one place that can pay. Never twice, whatever happens to the one request."""

import json
import socket
import threading
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities import parameters

from local.environment import variables
from local.simulator import serve
from local.simulator.models import MODELS
from lumeo import clock, settings
from tests.conftest import TOKEN
from tests.integration.driver import PICTURE, Driver
from tests.integration.meeting import before, losing_the_answer

ARRIVED = [
    pytest.param("drop_after", {}, id="reset after it was acted on"),
    pytest.param("status_after", {"status": 502}, id="502 after it was acted on"),
    pytest.param("html", {}, id="a page"),
    pytest.param("html", {"status": 502}, id="a page with 502"),
    pytest.param("half_json", {}, id="half an answer"),
]
ABSENT = [
    pytest.param("drop_before", {}, id="reset before it was acted on"),
    pytest.param("status", {"status": 500}, id="500"),
    pytest.param("status", {"status": 408}, id="408"),
    pytest.param("status", {"status": 200, "body": {"detail": "hello"}}, id="200 that is no prediction"),
    pytest.param("status", {"status": 201, "body": []}, id="201 with a list"),
]


def put_secret(text: str) -> None:
    """Replace the providers' secret, and forget what was read of it."""
    boto3.client("secretsmanager").put_secret_value(SecretId=settings.provider_secret(), SecretString=text)
    parameters.clear_caches()  # type: ignore[no-untyped-call]


def test_asks_for_no_more_than_it_needs(driver: Driver) -> None:
    """The provider gets the input, the token and the time that is left: no `Prefer`, nothing of the caller's."""
    prediction_id = driver.submit("sim/instant", {"seed": 3}, prefer="wait=1")
    driver.step("Create", prediction_id)

    (entry,) = [entry for entry in driver.simulator.journal() if entry["call"] == "create"]
    assert entry["path"] == "/v1/models/sim/instant/predictions"
    assert "Cancel-After" in entry["headers"]
    assert entry["headers"]["Authorization"] == f"Bearer {TOKEN[:12]}"
    assert "Prefer" not in entry["headers"]
    assert driver.upstream().request.input == PICTURE | {"seed": 3}
    assert driver.upstream().request.webhook.startswith(f"https://lumeo.test/v1/hooks/replicate/{prediction_id}/")
    assert driver.upstream().request.webhook_events_filter == ["start", "completed"]


def test_handle_and_first_snapshot_are_kept(driver: Driver) -> None:
    prediction_id = driver.submit("sim/image")
    answer = driver.step("Create", prediction_id)

    record = driver.record(prediction_id)
    assert (record.phase, record.status) == ("running", "starting")
    assert record.handle is not None
    assert record.handle.id == driver.upstream().id == answer["upstream_id"]
    assert record.upstream.version == driver.upstream().request.model.version
    assert set(record.timeline) == {"accepted", "submitted"}
    assert (answer["provider"], answer["model"], answer["polls"]) == ("replicate", "sim/image", 0)
    assert (answer["wait"], answer["wakes"]) == (6, 0), "a webhook is expected to end it"
    assert driver.read(prediction_id)["status"] == "starting"


@pytest.mark.parametrize("form", ["{hash}", "sim/instant", "sim/instant:{hash}"])
def test_by_version(driver: Driver, form: str) -> None:
    version = form.format(hash=MODELS["sim/instant"].version)
    answer = driver.call("POST", "/v1/predictions", {"version": version, "input": {"prompt": "a corgi"}})
    driver.run(answer.body["id"])

    shown = driver.read(answer.body["id"])
    assert shown["status"] == "succeeded"
    assert (shown["model"], shown["version"]) == ("sim/instant", MODELS["sim/instant"].version)


@pytest.mark.parametrize(("kind", "more"), ARRIVED)
def test_uncertain_submission_is_found(driver: Driver, lines: list[str], kind: str, more: dict[str, Any]) -> None:
    """It may have arrived, so it is looked for; it had, so it is adopted."""
    driver.fault("create", kind, **more)
    prediction_id = driver.submit("sim/instant")
    first = driver.step("Create", prediction_id)

    assert (first["next"], first["wait"]) == ("Create", 2)
    assert (driver.record(prediction_id).phase, driver.read(prediction_id)["status"]) == ("sending", "starting")
    driver.clock.passes(2)
    assert driver.step("Create", prediction_id)["next"] == "Status"
    record = driver.record(prediction_id)
    assert record.handle is not None
    assert record.handle.id == driver.upstream().id

    driver.run(prediction_id, "Status")
    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert (driver.calls()["create"], driver.created()) == (1, 1)
    assert sum("it is not certain" in line for line in lines) == 1
    assert sum("is adopted" in line for line in lines) == 1


@pytest.mark.parametrize(("kind", "more"), ABSENT)
def test_uncertain_submission_that_did_not_arrive(
    driver: Driver, lines: list[str], kind: str, more: dict[str, Any]
) -> None:
    """It is made again, but only once it surely cannot come any more."""
    driver.fault("create", kind, **more)
    prediction_id = driver.submit("sim/instant")
    driver.step("Create", prediction_id)
    intent = driver.record(prediction_id).intent
    assert intent is not None
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert (driver.calls()["create"], driver.created()) == (2, 1)
    second = [entry["at"] for entry in driver.simulator.journal() if entry["call"] == "create"][1]
    assert second >= clock.later(60 + 10, intent.not_after)
    assert sum("did not arrive" in line for line in lines) == 1


@pytest.mark.parametrize("hint", ["header", "body", "text"])
def test_no_room_waits_as_long_as_it_is_told(driver: Driver, hint: str) -> None:
    driver.fault("create", "throttle", hint=hint, seconds=37, times=2)
    prediction_id = driver.submit("sim/instant")
    visited = driver.run(prediction_id)

    assert visited[:2] == [("Create", 37), ("Create", 37)]
    assert visited[2][0] == "Create"
    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert (driver.calls()["create"], driver.created()) == (3, 1)


def test_no_room_without_a_hint_waits_longer_each_time(driver: Driver) -> None:
    driver.fault("create", "throttle", hint="none", times=4)
    prediction_id = driver.submit("sim/instant")
    waits = [wait for state, wait in driver.run(prediction_id) if state == "Create"][:4]

    assert waits == sorted(set(waits))
    assert waits[0] >= 4
    assert waits[-1] <= 60
    assert driver.created() == 1


def test_no_room_leaves_nothing_behind(driver: Driver) -> None:
    driver.fault("create", "throttle", hint="header", seconds=30)
    prediction_id = driver.submit("sim/instant")
    driver.step("Create", prediction_id)

    record = driver.record(prediction_id)
    assert (record.phase, record.intent, record.troubles) == ("accepted", None, 1)
    assert record.due_at == "2026-11-21T10:02:30.000Z"
    assert driver.read(prediction_id)["status"] == "starting"


def test_no_room_before_the_deadline(driver: Driver) -> None:
    """Told to come back after the deadline, it is over at once."""
    driver.fault("create", "throttle", hint="header", seconds=4000)
    prediction_id = driver.submit("sim/instant")

    assert driver.run(prediction_id) == [("Create", 1), ("Finalize", 1)]
    shown = driver.read(prediction_id)
    assert (shown["status"], shown["error_code"]) == ("failed", "provider_busy")
    assert "throttled" not in json.dumps(shown)


def test_cancel_of_what_waits_for_room(driver: Driver) -> None:
    driver.fault("create", "throttle", hint="header", seconds=30)
    prediction_id = driver.submit("sim/instant")
    driver.step("Create", prediction_id)

    assert driver.cancel(prediction_id)["status"] == "canceled"
    assert driver.run(prediction_id) == [("Create", 1)]
    assert driver.created() == 0


@pytest.mark.parametrize(
    ("more", "code"),
    [
        pytest.param({"status": 401}, "provider_account", id="401"),
        pytest.param({"status": 402}, "provider_account", id="402"),
        pytest.param({"status": 403}, "provider_account", id="403"),
        pytest.param({"status": 404}, "model_not_found", id="404"),
        pytest.param({"status": 422}, "model_not_found", id="422 version"),
        pytest.param({"status": 422, "body": {"title": "Input validation failed"}}, "invalid_input", id="422 input"),
        pytest.param({"status": 413}, "invalid_input", id="413"),
        pytest.param({"status": 302, "headers": {"Location": "/"}}, "provider_unavailable", id="302"),
        pytest.param({"status": 418}, "generation_failed", id="418"),
    ],
)
def test_refusal_is_final(driver: Driver, more: dict[str, Any], code: str) -> None:
    driver.fault("create", "status", **more)
    prediction_id = driver.submit("sim/instant")

    assert driver.run(prediction_id) == [("Create", 1), ("Finalize", 1)]
    assert driver.outcome(prediction_id) == ("failed", code)
    assert (driver.calls()["create"], driver.created()) == (1, 0)
    assert str(more["status"]) in driver.raw_error(prediction_id)


def test_state_of_the_owners_account_is_nobodys_business(driver: Driver) -> None:
    driver.fault("create", "status", status=402)
    prediction_id = driver.submit("sim/instant")
    driver.run(prediction_id)

    assert "insufficient credit" in driver.raw_error(prediction_id)
    text = driver.call("GET", f"/v1/predictions/{prediction_id}").text.lower()
    listed = driver.call("GET", "/v1/predictions").text.lower()
    assert not [word for word in ("credit", "billing", "replicate.com") if word in text + listed]


def test_model_that_the_provider_does_not_know(driver: Driver) -> None:
    prediction_id = driver.submit("sim/unheard-of")
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("failed", "model_not_found")


def test_input_that_the_model_does_not_take(driver: Driver) -> None:
    """The sentence is ours; which field was wrong is in the log."""
    prediction_id = driver.submit("sim/image", {"seed": "seven"})
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("failed", "invalid_input")
    assert "input.seed" in driver.raw_error(prediction_id)


def test_provider_out_of_reach_is_tried_again(driver: Driver) -> None:
    """Nothing listens: nothing arrived, so that the intent is taken back and it is tried again."""
    prediction_id = driver.submit("sim/instant")
    with serve(driver.simulator) as gone:
        port = int(gone.url.rpartition(":")[2])
    with variables({"REPLICATE_BASE_URL": f"{gone.url}/v1", "REPLICATE_OUTPUT_HOSTS": gone.url}):
        answer = driver.step("Create", prediction_id)
        record = driver.record(prediction_id)

        assert answer["next"] == "Create"
        assert (record.phase, record.intent, record.troubles) == ("accepted", None, 1)

        driver.clock.passes(answer["wait"])
        with serve(driver.simulator, port):
            driver.run(prediction_id)
    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert driver.created() == 1


def test_provider_out_of_reach_to_the_end(driver: Driver) -> None:
    prediction_id = driver.submit("sim/instant")
    driver.clock.passes(3000)
    with serve(driver.simulator) as gone:
        pass
    with variables({"REPLICATE_BASE_URL": f"{gone.url}/v1"}):
        visited = driver.run(prediction_id)

    assert {state for state, _ in visited[:-1]} == {"Create"}
    assert max(wait for _, wait in visited) <= 60
    assert driver.outcome(prediction_id) == ("failed", "provider_unavailable")
    assert driver.record(prediction_id).completed_at is not None
    assert str(driver.record(prediction_id).completed_at) <= driver.record(prediction_id).deadline


def test_redirect_whose_body_does_not_end(driver: Driver) -> None:
    """The answer is known when its head is: no part of a body that nobody needs is waited for."""
    prediction_id = driver.submit("sim/instant")
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def answer() -> None:
        with listener, listener.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 1000000000\r\n\r\n...")
            over.wait(3)

    thread = threading.Thread(target=answer)
    thread.start()
    with variables({"REPLICATE_BASE_URL": f"http://127.0.0.1:{listener.getsockname()[1]}"}):
        driver.step("Create", prediction_id)
    over.set()
    thread.join()
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("failed", "provider_unavailable")


@pytest.mark.parametrize("phase", ["running", "settled", "done"])
def test_redelivery_pays_once(driver: Driver, phase: str) -> None:
    """Lambda may call a function twice with the same event, whatever has happened meanwhile."""
    prediction_id = driver.submit("sim/instant")
    driver.step("Create", prediction_id)
    driver.clock.passes(2)
    if phase in {"settled", "done"}:
        driver.step("Status", prediction_id)
    if phase == "done":
        driver.step("Finalize", prediction_id)
    before = driver.record(prediction_id)
    assert before.phase == phase

    answers = [driver.step("Create", prediction_id)["next"] for _ in range(2)]

    wanted = {"running": "Status", "settled": "Finalize", "done": "End"}[phase]
    assert answers == [wanted, wanted]
    assert (driver.calls()["create"], driver.created()) == (1, 1)
    assert driver.record(prediction_id) == before


def test_redelivery_while_the_provider_answers(driver: Driver) -> None:
    """The second call finds the first one's intent, then what it became, and sends nothing; both go on with it."""
    driver.fault("create", "delay", seconds=5)
    prediction_id = driver.submit("sim/instant")
    second: list[dict[str, Any]] = []
    driver.simulator_clock.meanwhile = lambda: second.append(driver.step("Create", prediction_id))
    first = driver.step("Create", prediction_id)

    assert (first["next"], second[0]["next"]) == ("Status", "Status")
    assert driver.created() == 1
    assert driver.upstream().cancel_calls == 0


def test_overtaken_run_changes_nothing(driver: Driver) -> None:
    prediction_id = driver.submit("sim/instant")
    before = driver.record(prediction_id)

    assert driver.step("Create", prediction_id, "another-run")["next"] == "End"
    assert driver.record(prediction_id) == before
    assert driver.calls()["create"] == 0


@pytest.mark.parametrize("prediction_id", ["0" * 26, "", "x"])
def test_unknown_prediction_ends_quietly(driver: Driver, prediction_id: str) -> None:
    assert driver.step("Create", prediction_id, "run")["next"] == "End"


def test_overtaken_while_the_provider_answers(driver: Driver, lines: list[str]) -> None:
    """What it paid for is the next run's: that one is told of it, and adopts it."""
    driver.fault("create", "delay", seconds=5)
    prediction_id = driver.submit("sim/instant")
    second = f"{prediction_id}-2"
    driver.simulator_clock.meanwhile = lambda: driver.overwrite(prediction_id, run=second)
    driver.step("Create", prediction_id)

    record = driver.record(prediction_id)
    assert (record.handle, record.proposed, record.wakes) == (None, driver.upstream().id, 1)
    driver.run(prediction_id, run=second)
    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert (driver.calls()["create"], driver.created(), driver.calls()["list"]) == (1, 1, 0)
    assert driver.upstream().cancel_calls == 0
    assert not any("orphan" in line for line in lines)


def test_given_up_while_the_provider_answers(driver: Driver, lines: list[str]) -> None:
    """Another submission of the same prediction stands by then: whoever searches for that one must not find this."""
    driver.fault("create", "delay", seconds=5)
    prediction_id = driver.submit("sim/stuck")
    intent = {"attempt": "another", "at": "2026-11-21T10:02:00.000Z", "not_after": "2026-11-21T10:02:30.000Z"}
    driver.simulator_clock.meanwhile = lambda: driver.overwrite(prediction_id, run=f"{prediction_id}-2", intent=intent)
    driver.step("Create", prediction_id)

    record = driver.record(prediction_id)
    assert (record.handle, record.proposed) == (None, None)
    assert driver.upstream().cancel_calls == 1
    assert any("orphan" in line for line in lines)


def test_ended_while_the_provider_answers(driver: Driver, lines: list[str]) -> None:
    """Nobody would ever look at that run: it is ended at the provider at once."""
    driver.fault("create", "delay", seconds=5)
    prediction_id = driver.submit("sim/stuck")
    ended = {"run": f"{prediction_id}-2", "phase": "done", "status": "failed"}
    driver.simulator_clock.meanwhile = lambda: driver.overwrite(prediction_id, **ended)
    driver.step("Create", prediction_id)

    assert driver.record(prediction_id).handle is None
    assert driver.simulator.counters()["canceled"] == 1
    assert any("orphan" in line for line in lines)


def test_deadline_that_passed_before_submission(driver: Driver) -> None:
    prediction_id = driver.submit("sim/instant")
    driver.clock.passes(3600)

    assert driver.run(prediction_id) == [("Create", 1), ("Finalize", 1)]
    assert driver.outcome(prediction_id) == ("failed", "deadline_exceeded")
    assert driver.calls()["create"] == 0


@pytest.mark.parametrize(("passed", "left"), [(0, "3600s"), (100, "3500s"), (3599, "5s")])
def test_provider_is_told_the_time_that_is_left(driver: Driver, passed: float, left: str) -> None:
    """No run outlives a state machine that broke; Replicate takes nothing below five seconds."""
    prediction_id = driver.submit("sim/instant")
    driver.clock.passes(passed)
    driver.step("Create", prediction_id)

    assert driver.simulator.journal()[0]["headers"]["Cancel-After"] == left


@pytest.mark.parametrize(
    "secret",
    [
        "{}",
        '{"replicate": {}}',
        '{"replicate": {"default": ""}}',
        '{"replicate": null}',
        '{"replicate": "r8_0000000000000000000000000000000000000000"}',
        '["r8_0000000000000000000000000000000000000000"]',
        "r8_0000000000000000000000000000000000000000",
    ],
)
def test_secret_without_a_token(driver: Driver, secret: str) -> None:
    """An owner's mistake is told from a provider's trouble: nothing is sent, and the log says what is missing."""
    put_secret(secret)
    prediction_id = driver.submit("sim/instant")
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("failed", "provider_account")
    assert driver.simulator.journal() == []
    assert "r8_0000" not in driver.raw_error(prediction_id)


def test_token_that_the_provider_does_not_know(driver: Driver) -> None:
    put_secret('{"replicate": {"default": "r8_wrong"}}')
    prediction_id = driver.submit("sim/instant")
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("failed", "provider_account")


def test_token_with_a_line_end(driver: Driver) -> None:
    """As it comes out of a file: nothing of a request with it can have arrived, so nothing is uncertain."""
    put_secret(json.dumps({"replicate": {"default": f"{TOKEN}\n"}}))
    prediction_id = driver.submit("sim/instant")
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) in {("succeeded", None), ("failed", "provider_account")}


def test_cancel_while_the_provider_answers(driver: Driver) -> None:
    """The wish is seen when the handle is written, and the provider is told at once."""
    driver.fault("create", "delay", seconds=5)
    prediction_id = driver.submit("sim/stuck")
    answers: list[dict[str, Any]] = []
    driver.simulator_clock.meanwhile = lambda: answers.append(driver.cancel(prediction_id))
    driver.step("Create", prediction_id)

    assert answers[0]["status"] == "starting"
    assert driver.upstream().cancel_calls == 1
    assert driver.record(prediction_id).cancel_sent
    driver.run(prediction_id, "Status")
    assert driver.outcome(prediction_id) == ("canceled", None)


def test_cancel_while_there_is_no_room(driver: Driver) -> None:
    """It surely did not arrive, and it is no longer wanted: it is over, not sent again."""
    prediction_id = driver.submit("sim/instant")
    driver.fault("create", "throttle", hint="none")
    driver.step("Create", prediction_id)
    driver.overwrite(prediction_id, cancel_requested="2026-11-21T10:00:00.000Z")
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("canceled", None)
    assert driver.created() == 0


def test_cancel_of_an_uncertain_submission(driver: Driver) -> None:
    """Nothing may be sent again; what arrived is found, and stopped."""
    driver.fault("create", "drop_after")
    prediction_id = driver.submit("sim/stuck")
    driver.step("Create", prediction_id)
    assert driver.cancel(prediction_id)["status"] == "starting"
    driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("canceled", None)
    assert (driver.created(), driver.simulator.counters()["canceled"]) == (1, 1)


@pytest.mark.parametrize("operation", ["UpdateItem", "TransactWriteItems"])
def test_lost_answer_of_the_table_is_no_lost_submission(driver: Driver, operation: str) -> None:
    """AWS's client repeats a write whose answer was lost, and meets its own condition: nothing is sent twice."""
    prediction_id = driver.submit("sim/instant")
    with losing_the_answer(operation):
        driver.run(prediction_id)

    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert driver.created() == 1


@pytest.mark.parametrize("nth", range(1, 6))
def test_table_that_is_slow(driver: Driver, nth: int) -> None:
    """A submission is only begun if it can end while its intent holds; one that was not begun left nothing behind."""
    prediction_id = driver.submit("sim/instant")
    with before("UpdateItem", lambda: driver.clock.passes(15), nth):
        driver.step("Create", prediction_id)

    record = driver.record(prediction_id)
    assert record.phase == ("running" if driver.calls()["create"] else "accepted")
    driver.run(prediction_id)
    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert (driver.calls()["create"], driver.calls()["list"]) == (1, 0)


def test_two_predictions_never_share_a_run(driver: Driver) -> None:
    """A provider that answers two submissions with one run: the second is not given the first one's outputs."""
    first = driver.running("sim/stuck")
    owner = driver.record(first)
    assert owner.handle is not None
    driver.fault("create", "status", status=201, body={"id": owner.handle.id, "status": "starting"})
    second = driver.submit("sim/stuck")
    driver.step("Create", second)

    assert driver.record(second).handle is None
    assert driver.upstream().cancel_calls == 0, "the first one's run must go on"


def test_who_was_given_anothers_run_ends(driver: Driver) -> None:
    """It cannot be known what it became: it is over, and the other one's run goes on to the last."""
    first = driver.running("sim/stuck")
    owner = driver.record(first)
    assert owner.handle is not None
    driver.fault("create", "status", status=201, body={"id": owner.handle.id, "status": "starting"})
    second = driver.submit("sim/stuck")
    visited = driver.run(second)

    assert len(visited) < 20
    assert driver.outcome(second) in {("failed", "submission_uncertain"), ("failed", "interrupted")}
    assert driver.upstream().cancel_calls == 0
