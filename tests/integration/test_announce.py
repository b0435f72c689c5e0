"""Announce, and the news before it: callers are told by webhooks, signed, and never in a prediction's way."""

import itertools
import json
import socket
import threading
from collections.abc import Mapping
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from replicate.webhook import InvalidSignatureError

from lumeo import aws
from lumeo.keys import keys
from lumeo.prediction import Announced
from tests.integration.driver import PICTURE, Driver
from tests.integration.dying import answered, dying
from tests.integration.meeting import before
from tests.integration.platform import Platform, break_step_functions, mend_step_functions
from tests.integration.subscriber import Subscriber

PATH = "/v1/models/sim/one/predictions"
HOUR = 3600
WAITS = [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900]
"""Seconds between attempts, but for chance; so many that the last comes an hour or more after the first."""
ASKED = [
    ("100", 100, 100),
    ("3600", 3600, 3600),
    ("999999999", 3600, 3600),
    ("9" * 400, 3600, 3600),
    ("{date}", 300, 300),
    ("1", 4, 6),
    ("soon", 4, 6),
    ("-5", 4, 6),
    ("²", 4, 6),
    ("Sat, 21 Nov 2026 09:00:00 GMT", 4, 6),
    ("Sat, 21 Nov 2026 11:00:00", 4, 6),
]
"""What `Retry-After` says, and the shortest and the longest wait then."""
NOWHERE = [
    "http://example.com/hook",
    "https://127.0.0.1/hook",
    "https://localhost/hook",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/hook",
    "https://user:password@example.com/hook",  # pragma: allowlist secret
    "https://intranet/hook",
    "example.com/hook",
    "https://",
    "https://example.com/" + "x" * 2048,
    r"https://127.0.0.1\@example.com/hook",
]
FAULTS: list[tuple[str, Any]] = [
    ("webhook", 5),
    ("webhook", ["https://example.com"]),
    ("webhook_events_filter", "completed"),
    ("webhook_events_filter", ["completed", "ended"]),
    ("webhook_events_filter", [5]),
    ("webhook_events_filter", {"completed": True}),
]
WISHES: list[tuple[dict[str, Any], list[str] | None]] = [
    ({}, None),
    ({"webhook": None, "webhook_events_filter": None}, None),
    ({"webhook": "", "webhook_events_filter": ["start"]}, None),
    ({"webhook": "https://example.com/hook"}, ["start", "output", "logs", "completed"]),
    ({"webhook": "https://example.com/hook", "webhook_events_filter": []}, ["start", "output", "logs", "completed"]),
    (
        {"webhook": "https://example.com:8443/hook?a=b", "webhook_events_filter": ["completed", "start", "start"]},
        ["start", "completed"],
    ),
]
"""What a request says of webhooks, and the filter that is shown."""


def secret(driver: Driver, **headers: str) -> str:
    answer = driver.call("GET", "/v1/webhooks/default/secret", headers=headers)
    assert answer.status == 200
    return str(answer.body["key"])


def announced(driver: Driver, prediction_id: str, event: str = "completed") -> Announced:
    """What the record says of telling its caller."""
    return driver.record(prediction_id).announced[event]


def untold(driver: Driver, subscriber: Subscriber, model: str = "sim/one") -> str:
    """The id of a prediction that is over, and whose caller is to be told next."""
    prediction_id = subscriber.submit(driver, model, ["completed"])
    answer = driver.step("Create", prediction_id)
    while driver.record(prediction_id).phase != "done":
        driver.clock.passes(answer["wait"])
        answer = driver.step(answer["next"], prediction_id)
    return prediction_id


def until(driver: Driver, prediction_id: str) -> str:
    """When the next attempt, or whatever else is promised, is overdue."""
    return driver.record(prediction_id).due_at or ""


# The end


def test_caller_is_told_of_the_end(driver: Driver, subscriber: Subscriber) -> None:
    prediction_id = subscriber.submit(driver, "sim/one", ["completed"])
    visited = driver.run(prediction_id)

    assert [state for state, _ in visited] == ["Create", "Status", "Finalize", "Announce"]
    (told,) = subscriber.told
    shown = driver.read(prediction_id)
    assert told.path == "/hook"
    assert told.body == {name: value for name, value in shown.items() if name != "webhook_deliveries"}
    assert told.body["status"] == "succeeded"
    assert told.id == f"msg_{prediction_id}_completed"
    assert told.headers["webhook-timestamp"] == str(int(driver.clock.now().timestamp()))
    assert told.headers["content-type"] == "application/json"
    assert told.headers["user-agent"] == "lumeo"
    assert not {"authorization", "cookie"} & set(told.headers)
    told.check(secret(driver))


def test_telling_is_noted_and_shown(driver: Driver, subscriber: Subscriber) -> None:
    prediction_id = subscriber.submit(driver, "sim/one", ["completed"])
    driver.run(prediction_id)
    shown, record, now = driver.read(prediction_id), driver.record(prediction_id), until(driver, prediction_id)

    assert (shown["webhook"], shown["webhook_events_filter"]) == (subscriber.url, ["completed"])
    at = record.told_at
    assert shown["webhook_deliveries"] == {
        "completed": {"attempts": 1, "last_at": at, "status": 200, "delivered_at": at}
    }
    assert (now, record.due_shard) == ("", None)
    driver.clock.passes(10_000)
    assert driver.sweep() == 0
    assert driver.step("Announce", prediction_id)["next"] == "End"
    assert len(subscriber.told) == 1


@pytest.mark.parametrize(
    ("model", "status"), [("sim/traceback", "failed"), ("sim/nsfw", "failed"), ("sim/text", "succeeded")]
)
def test_told_of_every_end(driver: Driver, subscriber: Subscriber, model: str, status: str) -> None:
    prediction_id = subscriber.submit(driver, model)
    driver.run(prediction_id)

    assert subscriber.told[-1].body["status"] == status
    assert subscriber.told[-1].id == f"msg_{prediction_id}_completed"


def test_told_that_it_was_canceled_while_it_ran(driver: Driver, subscriber: Subscriber) -> None:
    """Cancel wrote the end, not its run: that is told all the same, by the run that it woke."""
    prediction_id = subscriber.submit(driver, "sim/stuck", ["completed"])
    driver.step("Create", prediction_id)
    assert driver.cancel(prediction_id)["status"] == "canceled"
    driver.run(prediction_id, "Status")

    assert [told.body["status"] for told in subscriber.told] == ["canceled"]


def test_told_that_it_was_canceled_before_its_run_began(driver: Driver, subscriber: Subscriber) -> None:
    prediction_id = subscriber.submit(driver, "sim/one", ["completed"])
    driver.cancel(prediction_id)
    assert subscriber.told == [], "nobody who cancels waits for that"
    assert [state for state, _ in driver.run(prediction_id)] == ["Create", "Announce"]

    assert [told.body["status"] for told in subscriber.told] == ["canceled"]
    assert driver.created() == 0


def test_told_of_what_the_provider_aborted(driver: Driver, subscriber: Subscriber) -> None:
    """In the word that official clients know."""
    prediction_id = subscriber.submit(driver, "sim/script", ["completed"], {"status": "aborted", "output": None})
    driver.run(prediction_id)

    assert subscriber.told[0].body["status"] == "canceled"


def test_nobody_is_told_who_did_not_ask(driver: Driver, subscriber: Subscriber) -> None:
    """Nor of what was not asked for."""
    silent, begun = driver.submit("sim/one"), subscriber.submit(driver, "sim/one", ["start"])
    for prediction_id in (silent, begun):
        assert driver.run(prediction_id)[-1] == ("Finalize", 1)

    assert subscriber.told == []
    assert driver.record(begun).due_at is None


def test_overtaken_run_tells_nobody(driver: Driver, subscriber: Subscriber) -> None:
    prediction_id = untold(driver, subscriber)
    driver.overwrite(prediction_id, run=f"{prediction_id}-2")

    assert driver.step("Announce", prediction_id)["next"] == "End"
    assert subscriber.told == []


def test_deleted_meanwhile(driver: Driver, subscriber: Subscriber) -> None:
    """What was taken away goes to nobody; that it has ended does."""
    prediction_id = untold(driver, subscriber)
    assert driver.call("DELETE", f"/v1/predictions/{prediction_id}").status == 204
    driver.run(prediction_id, "Announce")

    (told,) = subscriber.told
    assert (told.body["status"], told.body["data_removed"]) == ("succeeded", True)
    assert (told.body["input"], told.body["output"]) == ({}, None)


def test_large_prediction_is_told_whole(driver: Driver, subscriber: Subscriber) -> None:
    """Input and output lie in the bucket; text is told as UTF-8, and half of a character as it came."""
    prediction_id = subscriber.submit(
        driver, "sim/script", ["completed"], {"output": {"text": "\N{DOG FACE}" * 50_000}, "odd": "\ud83d", "n": 0.1}
    )
    driver.run(prediction_id)

    (told,) = subscriber.told
    told.check(secret(driver))
    assert told.body["output"]["text"] == "\N{DOG FACE}" * 50_000
    assert (told.body["input"]["odd"], told.body["input"]["n"]) == ("\ud83d", 0.1)


# The secret


def test_secret_is_the_callers_own(driver: Driver, subscriber: Subscriber) -> None:
    mine = secret(driver)
    his = secret(driver, Authorization=f"Bearer {keys().create('bob', 'another')}")
    assert (secret(driver), secret(driver, Authorization=f"Bearer {keys().create('alice', 'a second')}")) == (
        mine,
        mine,
    )

    driver.run(subscriber.submit(driver, "sim/one", ["completed"]))
    subscriber.told[0].check(mine)
    with pytest.raises(InvalidSignatureError):
        subscriber.told[0].check(his)


# Again


@pytest.mark.parametrize(
    ("answer", "noted"),
    [
        (500, {"status": 500}),
        (404, {"status": 404}),
        (429, {"status": 429}),
        (304, {"status": 304}),
        ((302, {"Location": "/elsewhere"}), {"status": 302}),
        ("drop", {"error": "unreachable"}),
    ],
)
def test_told_again_after(driver: Driver, subscriber: Subscriber, answer: Any, noted: Mapping[str, Any]) -> None:
    """The same message, signed anew; a redirect leads nowhere."""
    subscriber.answers = [answer]
    prediction_id = untold(driver, subscriber)
    first = driver.step("Announce", prediction_id)
    assert first["next"] == "Announce"
    assert 4 <= first["wait"] <= 6
    said = announced(driver, prediction_id)
    assert {name: getattr(said, name) for name in ("status", "error") if getattr(said, name) is not None} == noted
    shown = driver.read(prediction_id)["webhook_deliveries"]["completed"]
    assert shown == {"attempts": 1, "last_at": said.last_at, **noted}
    driver.clock.passes(first["wait"])
    assert driver.step("Announce", prediction_id)["next"] == "End"

    once, again = subscriber.told
    assert (once.id, once.path) == (again.id, again.path)
    assert int(again.headers["webhook-timestamp"]) - int(once.headers["webhook-timestamp"]) == first["wait"]
    again.check(secret(driver))
    record = driver.record(prediction_id)
    assert (announced(driver, prediction_id).attempts, record.due_at) == (2, None)
    assert announced(driver, prediction_id).delivered_at == record.told_at


def test_told_again_after_nobody_was_there(
    driver: Driver, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    prediction_id = untold(driver, subscriber)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        origin = f"http://127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv("WEBHOOK_ORIGINS", origin)
    driver.overwrite(prediction_id, subscriber={"url": f"{origin}/hook", "events": ["completed"]})
    assert driver.step("Announce", prediction_id)["next"] == "Announce"

    assert announced(driver, prediction_id).error == "unreachable"


def test_told_again_after_what_is_no_answer(
    driver: Driver, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever listens there may say anything."""
    for said in (
        b"",
        b"hello\r\n\r\n",
        b"HTTP/1.1 abc x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 300 + b"\r\n",
    ):
        prediction_id = untold(driver, subscriber)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
            threading.Thread(target=_say, args=(listener, said), daemon=True).start()
            driver.overwrite(prediction_id, subscriber={"url": f"{origin}/hook", "events": ["completed"]})
            with monkeypatch.context() as patch:
                patch.setenv("WEBHOOK_ORIGINS", origin)
                assert driver.step("Announce", prediction_id)["next"] == "Announce", said

        assert announced(driver, prediction_id).error == "unreachable", said


def _say(listener: socket.socket, said: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(said)


def test_slow_application_holds_nobody_up(
    driver: Driver, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lumeo.steps.announce.ATTEMPT_SECONDS", 0.3)
    subscriber.answers = ["hold"]
    prediction_id = untold(driver, subscriber)

    assert driver.step("Announce", prediction_id)["next"] == "Announce"
    assert announced(driver, prediction_id).error in {"timeout", "unreachable"}


def test_application_without_a_good_certificate(driver: Driver, subscriber: Subscriber) -> None:
    """It speaks no TLS at all."""
    prediction_id = untold(driver, subscriber)
    origin = subscriber.url.removesuffix("/hook").replace("http:", "https:")
    driver.overwrite(prediction_id, subscriber={"url": f"{origin}/hook", "events": ["completed"]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEBHOOK_ORIGINS", origin)
        assert driver.step("Announce", prediction_id)["next"] == "Announce"

    assert announced(driver, prediction_id).error == "tls"
    assert subscriber.told == []


def test_given_up_after_an_hour(driver: Driver, subscriber: Subscriber) -> None:
    subscriber.answers = [500] * 100
    prediction_id = untold(driver, subscriber)
    before_all = driver.clock.now()
    visited = driver.run(prediction_id, "Announce")

    waits = [wait for _, wait in visited[:-1]]
    assert all(0.8 * wanted - 1 <= wait <= 1.2 * wanted + 1 for wait, wanted in zip(waits, WAITS, strict=False))
    assert HOUR <= sum(waits) < HOUR + 1.2 * 900
    assert sum(waits[:-1]) < HOUR
    assert len(visited) == len(subscriber.told) == announced(driver, prediction_id).attempts
    assert {told.id for told in subscriber.told} == {f"msg_{prediction_id}_completed"}
    record, shown = driver.record(prediction_id), driver.read(prediction_id)
    assert record.told_at is not None
    assert (record.due_at, record.due_shard) == (None, None)
    assert "delivered_at" not in shown["webhook_deliveries"]["completed"]
    assert shown["status"] == "succeeded"
    assert (driver.clock.now() - before_all).total_seconds() == sum(waits)


def test_waits_differ(driver: Driver, subscriber: Subscriber) -> None:
    """All who were told in vain at one moment do not come back at one moment."""
    subscriber.answers = [500] * 100
    waits = set()
    for _ in range(2):
        waits.add(tuple(driver.run(untold(driver, subscriber), "Announce", rounds=9)))

    assert len(waits) == 2


def test_gone_ends_it(driver: Driver, subscriber: Subscriber) -> None:
    subscriber.answers = [410]
    prediction_id = untold(driver, subscriber)
    assert driver.step("Announce", prediction_id)["next"] == "End"

    assert driver.record(prediction_id).told_at is not None
    assert driver.read(prediction_id)["webhook_deliveries"]["completed"]["status"] == 410
    assert until(driver, prediction_id) == ""


def test_every_success_delivers(driver: Driver, subscriber: Subscriber) -> None:
    for status in (201, 202, 204, 299):
        subscriber.answers = [status]
        prediction_id = untold(driver, subscriber)

        assert driver.step("Announce", prediction_id)["next"] == "End", status
        assert announced(driver, prediction_id).delivered_at is not None


def test_retry_after(driver: Driver, subscriber: Subscriber) -> None:
    """Never sooner than asked, nor than our own waits; an hour at most."""
    for said, shortest, longest in ASKED:
        prediction_id = untold(driver, subscriber)
        date = format_datetime(driver.clock.now().replace(microsecond=0) + timedelta(seconds=300), usegmt=True)
        subscriber.answers = [(503, {"Retry-After": said.replace("{date}", date)})]
        answer = driver.step("Announce", prediction_id)

        assert answer["next"] == "Announce", said
        assert shortest - 1 <= answer["wait"] <= longest, said


def test_longest_retry_after_still_gets_another_attempt(driver: Driver, subscriber: Subscriber) -> None:
    subscriber.answers = [(503, {"Retry-After": "3600"})]
    prediction_id = untold(driver, subscriber)

    assert [state for state, _ in driver.run(prediction_id, "Announce")] == ["Announce", "Announce"]
    assert announced(driver, prediction_id).delivered_at is not None


@pytest.mark.parametrize("moment", ["before", "after"])
def test_dead_between_telling_and_noting_it(driver: Driver, subscriber: Subscriber, moment: Any) -> None:
    """Told once more rather than never: with the same id, by which the application knows it again."""
    prediction_id = untold(driver, subscriber)
    with dying(0, moment):
        driver.step("Announce", prediction_id)
    driver.run(prediction_id, "Announce")

    assert len(subscriber.told) == (2 if moment == "before" else 1)
    assert len({told.id for told in subscriber.told}) == 1
    assert until(driver, prediction_id) == ""


# Runs that do not come so far


def test_run_ended_before_the_caller_was_told(driver: Driver, subscriber: Subscriber, platform: Platform) -> None:
    """Announce failed until it was caught: the run succeeded, since its prediction did."""
    prediction_id = untold(driver, subscriber)
    platform.ends(prediction_id, "SUCCEEDED")
    driver.clock.passes(119)
    assert driver.sweep() == 0
    driver.clock.passes(2)
    assert driver.sweep() == 1
    run = driver.record(prediction_id).run
    assert run == f"{prediction_id}-2"
    assert run in driver.started()
    assert [state for state, _ in driver.run(prediction_id, run=run)] == ["Create", "Announce"]

    assert [told.body["status"] for told in subscriber.told] == ["succeeded"]
    assert driver.created() == 1


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT"])
def test_run_that_failed_before_the_caller_was_told(
    driver: Driver, subscriber: Subscriber, platform: Platform, status: str
) -> None:
    prediction_id = untold(driver, subscriber)
    platform.ends(prediction_id, status)
    platform.tells(prediction_id)
    assert driver.record(prediction_id).run == prediction_id, "a pause comes first"
    driver.clock.passes(181)
    driver.sweep()
    driver.run(prediction_id, run=driver.record(prediction_id).run)

    assert len(subscriber.told) == 1


def test_wait_between_two_attempts_is_not_overdue(driver: Driver, subscriber: Subscriber, platform: Platform) -> None:
    subscriber.answers = [(503, {"Retry-After": "900"})]
    prediction_id = untold(driver, subscriber)
    answer = driver.step("Announce", prediction_id)
    driver.clock.passes(answer["wait"] + 119)
    assert driver.sweep() == 0

    driver.clock.passes(2)
    assert driver.sweep() == 1, "the run is alive, and is left alone for two more minutes"
    assert driver.record(prediction_id).run == prediction_id
    assert driver.sweep() == 0


def test_telling_that_was_stopped_by_hand(driver: Driver, subscriber: Subscriber, platform: Platform) -> None:
    """The prediction is over: what the person means is that nobody be told any more."""
    prediction_id = untold(driver, subscriber)
    platform.ends(prediction_id, "ABORTED")
    platform.tells(prediction_id)

    record = driver.record(prediction_id)
    assert record.told_at is not None
    assert (record.due_at, record.run, record.status) == (None, prediction_id, "succeeded")
    assert driver.step("Announce", prediction_id)["next"] == "End"
    assert subscriber.told == []


def test_stopped_by_hand_while_it_ran_is_told(driver: Driver, subscriber: Subscriber, platform: Platform) -> None:
    prediction_id = subscriber.submit(driver, "sim/stuck", ["completed"])
    driver.step("Create", prediction_id)
    platform.ends(prediction_id, "ABORTED")
    platform.tells(prediction_id)
    driver.run(prediction_id, run=f"{prediction_id}-2")

    assert [told.body["status"] for told in subscriber.told] == ["canceled"]


def test_canceled_before_the_run_was_ever_started(driver: Driver, subscriber: Subscriber, platform: Platform) -> None:
    """Step Functions was away; nothing was ever carried on, but the caller asked to be told."""
    break_step_functions()
    prediction_id = subscriber.submit(driver, "sim/one", ["completed"])
    assert driver.cancel(prediction_id)["status"] == "canceled"
    mend_step_functions()
    driver.clock.passes(121)
    assert driver.sweep() == 1
    assert driver.started() == [prediction_id]
    driver.run(prediction_id)

    assert [told.body["status"] for told in subscriber.told] == ["canceled"]


def test_telling_ends_with_the_tenth_run(driver: Driver, subscriber: Subscriber, platform: Platform) -> None:
    """Runs that cannot tell go on failing; the prediction itself has long been over."""
    prediction_id = untold(driver, subscriber)
    for number in range(1, 11):
        run = driver.record(prediction_id).run
        assert run == (prediction_id if number == 1 else f"{prediction_id}-{number}")
        platform.ends(run, "FAILED")
        platform.tells(run)
        driver.clock.passes(601)
        driver.sweep()

    record = driver.record(prediction_id)
    assert record.run == f"{prediction_id}-10"
    assert record.told_at is not None
    assert (record.due_at, record.status) == (None, "succeeded")


def test_runs_that_end_well_and_tell_nobody_make_pauses_too(
    driver: Driver, subscriber: Subscriber, platform: Platform
) -> None:
    """Announce is caught each time: an outage of an hour must not use up all runs."""
    prediction_id = untold(driver, subscriber)
    minutes, run = 0, ""
    while driver.record(prediction_id).told_at is None and minutes < 180:
        if driver.record(prediction_id).run != run:
            run = driver.record(prediction_id).run
            platform.ends(run, "SUCCEEDED")
        driver.clock.passes(60)
        driver.sweep()
        minutes += 1

    assert run == f"{prediction_id}-10"
    assert 60 <= minutes < 180


def test_late_run_still_tells(driver: Driver, subscriber: Subscriber) -> None:
    """From the fifth on a run only closes: of what is over there is still somebody to tell."""
    prediction_id = untold(driver, subscriber)
    driver.overwrite(prediction_id, run=f"{prediction_id}-7")
    driver.run(prediction_id, run=f"{prediction_id}-7")

    assert [told.body["status"] for told in subscriber.told] == ["succeeded"]


@pytest.mark.parametrize("settled", [False, True])
def test_last_run_tells_what_it_closes(driver: Driver, subscriber: Subscriber, *, settled: bool) -> None:
    """Whether it ends the prediction at once or by way of Finalize."""
    prediction_id = subscriber.submit(driver, "sim/one", ["completed"])
    driver.step("Create", prediction_id)
    driver.clock.passes(10)
    if settled:
        driver.step("Status", prediction_id)
    driver.overwrite(prediction_id, run=f"{prediction_id}-5")
    visited = driver.run(prediction_id, run=f"{prediction_id}-5")

    assert visited[-1][0] == "Announce"
    assert [told.body["error_code"] for told in subscriber.told] == ["interrupted"]


# News


def test_told_that_it_has_begun(driver: Driver, subscriber: Subscriber) -> None:
    """By the look that saw it, in a function of its own."""
    prediction_id = subscriber.submit(driver, "sim/cold", ["start"])
    driver.step("Create", prediction_id)
    driver.step("Status", prediction_id)
    assert driver.notify() == []
    driver.clock.passes(39)
    driver.step("Status", prediction_id)
    assert subscriber.told == [], "a look does not wait for it"
    assert [event["event"] for event in driver.notify()] == ["start"]

    (told,) = subscriber.told
    assert told.id == f"msg_{prediction_id}_start"
    assert (told.body["status"], told.body["output"]) == ("processing", None)
    assert told.body["started_at"]
    told.check(secret(driver))
    shown = driver.read(prediction_id)["webhook_deliveries"]["start"]
    assert (shown["attempts"], shown["status"]) == (1, 200)
    driver.run(prediction_id, "Status")
    assert driver.notify() == []
    assert len(subscriber.told) == 1


def test_told_that_it_has_begun_by_the_providers_word(driver: Driver, subscriber: Subscriber) -> None:
    prediction_id = subscriber.submit(driver, "sim/cold", ["start"])
    driver.step("Create", prediction_id)
    driver.clock.passes(38.5)
    assert driver.deliver() == [200]
    driver.notify()
    driver.step("Status", prediction_id)
    driver.notify()

    assert [told.id for told in subscriber.told] == [f"msg_{prediction_id}_start"]


def test_begun_is_told_once_whoever_sees_it(driver: Driver, subscriber: Subscriber) -> None:
    """The provider's word comes while a look is under way: both have seen it begin."""
    prediction_id = subscriber.submit(driver, "sim/cold", ["start"])
    driver.step("Create", prediction_id)
    driver.clock.passes(39)
    with before("UpdateItem", driver.deliver):
        driver.step("Status", prediction_id)
    driver.notify()

    assert [told.id for told in subscriber.told] == [f"msg_{prediction_id}_start"]
    assert announced(driver, prediction_id, "start").attempts == 1


def test_told_of_logs_and_text_as_they_grow(driver: Driver, subscriber: Subscriber) -> None:
    """Each look that brought something new is a message of its own; the end is told last, and whole."""
    prediction_id = subscriber.submit(driver, "sim/tokens", None, {"processing": 20})
    driver.step("Create", prediction_id)
    for _ in range(3):
        driver.clock.passes(4)
        driver.step("Status", prediction_id)
        driver.notify()
    driver.run(prediction_id, "Status")

    texts = [told.body["output"] for told in subscriber.told if "_output_" in told.id]
    logs = [told.body["logs"] for told in subscriber.told if "_logs_" in told.id]
    assert [len(text) for text in texts[:-1]] == sorted({len(text) for text in texts[:-1]})
    assert all(text == texts[-1][: len(text)] for text in texts)
    assert len(texts) == 4
    assert texts[-1] == driver.read(prediction_id)["output"]
    assert len(logs) >= 2
    assert all(longer.startswith(log) for log, longer in itertools.pairwise(logs))
    assert len({told.id for told in subscriber.told}) == len(subscriber.told)
    assert [told.id for told in subscriber.told][-2:] == [
        f"msg_{prediction_id}_output_{driver.record(prediction_id).polls + 1}",
        f"msg_{prediction_id}_completed",
    ]
    for told in subscriber.told:
        told.check(secret(driver))


def test_long_texts_are_told_of_when_they_grow(driver: Driver, subscriber: Subscriber) -> None:
    """In the bucket they have the same name whatever is in them."""
    parts = [["x" * 20_000], ["x" * 20_000, "y" * 20_000], ["x" * 20_000, "y" * 20_000, "z"]]
    given = {"processing": 60, "partial": parts, "logs": "a long log\n" * 2000}
    prediction_id = subscriber.submit(driver, "sim/script", ["logs", "output"], given)
    driver.step("Create", prediction_id)
    for _ in range(9):
        driver.clock.passes(6)
        driver.step("Status", prediction_id)
        driver.notify()

    assert [told.body["output"] for told in subscriber.told if "_output_" in told.id] == parts
    assert len([told for told in subscriber.told if "_logs_" in told.id]) == 1


def test_files_are_told_of_only_when_they_are_stored(driver: Driver, subscriber: Subscriber) -> None:
    prediction_id = subscriber.submit(
        driver, "sim/script", ["output"], {"processing": 20, "partial": ["$png"], "output": ["$png"]}
    )
    driver.step("Create", prediction_id)
    driver.clock.passes(15)
    driver.step("Status", prediction_id)
    assert driver.notify() == []
    driver.run(prediction_id, "Status")

    (told,) = subscriber.told
    assert told.body["output"] == driver.read(prediction_id)["output"]
    assert told.body["output"][0].startswith("https://cdn.test/outputs/")
    assert driver.record(prediction_id).told_at is not None
    assert until(driver, prediction_id) == ""


def test_of_an_output_that_never_came_nobody_is_told(driver: Driver, subscriber: Subscriber) -> None:
    prediction_id = subscriber.submit(driver, "sim/traceback", ["output"])
    driver.run(prediction_id)

    assert subscriber.told == []
    assert until(driver, prediction_id) == ""


@pytest.mark.parametrize("events", [["completed"], ["start"], ["logs", "output"]])
def test_only_what_was_asked_for_is_told(driver: Driver, subscriber: Subscriber, events: list[str]) -> None:
    prediction_id = subscriber.submit(driver, "sim/tokens", events, {"processing": 20})
    driver.step("Create", prediction_id)
    driver.clock.passes(10)
    driver.step("Status", prediction_id)
    driver.notify()
    driver.run(prediction_id, "Status")

    assert {told.id.split("_")[2] for told in subscriber.told} == set(events)


@pytest.mark.parametrize("answer", [500, "drop", (503, {"Retry-After": "1"})])
def test_news_are_told_once(driver: Driver, subscriber: Subscriber, answer: Any) -> None:
    """In vain or not, and however often Lambda calls the function for one event."""
    subscriber.answers = [answer]
    prediction_id = subscriber.submit(driver, "sim/stuck", ["start"])
    driver.step("Create", prediction_id)
    driver.step("Status", prediction_id)
    (event,) = driver.notify()
    driver.functions.invoke("AnnounceFunction", event)

    assert len(subscriber.told) == 1
    shown = driver.read(prediction_id)["webhook_deliveries"]["start"]
    assert shown["attempts"] == 1
    assert "delivered_at" not in shown


def test_news_that_come_late_are_not_told(driver: Driver, subscriber: Subscriber) -> None:
    """Nothing comes after `completed`."""
    prediction_id = subscriber.submit(driver, "sim/tokens", None, {"processing": 20})
    driver.step("Create", prediction_id)
    driver.clock.passes(10)
    driver.step("Status", prediction_id)
    driver.run(prediction_id, "Status")
    ended = len(subscriber.told)
    assert {event["event"] for event in driver.notify()} == {"start", "logs", "output"}

    assert len(subscriber.told) == ended
    assert subscriber.told[-1].id == f"msg_{prediction_id}_completed"


def test_older_news_after_newer_are_not_told(driver: Driver, subscriber: Subscriber) -> None:
    """Lambda keeps no order of events."""
    prediction_id = subscriber.submit(driver, "sim/tokens", ["output"], {"processing": 20})
    driver.step("Create", prediction_id)
    for _ in range(2):
        driver.clock.passes(5)
        driver.step("Status", prediction_id)
    driver.invocations.reverse()
    newer, older = driver.notify()
    assert newer["n"] > older["n"]

    assert [told.id for told in subscriber.told] == [f"msg_{prediction_id}_output_{newer['n']}"]


def test_news_that_cannot_be_told_hinder_nothing(driver: Driver, subscriber: Subscriber, lines: list[str]) -> None:
    prediction_id = subscriber.submit(driver, "sim/tokens", None, {"processing": 20})
    error = {"Error": {"Code": "TooManyRequestsException", "Message": "Rate exceeded"}, "ResponseMetadata": {}}
    with answered(aws.functions(), "lambda.Invoke", error, 429):
        driver.run(prediction_id)

    assert driver.read(prediction_id)["status"] == "succeeded"
    assert any("not told" in line for line in lines)
    assert subscriber.told[-1].id == f"msg_{prediction_id}_completed"


# Where


def test_place_that_nobody_is_told_at(driver: Driver) -> None:
    for url in NOWHERE:
        answer = driver.call("POST", PATH, {"input": PICTURE, "webhook": url})

        assert answer.status == 422, url
        assert answer.body["invalid_fields"][0]["field"] == "webhook"
    assert driver.started() == []


def test_place_with_a_token_in_it(driver: Driver) -> None:
    """It would be shown with the prediction, and kept."""
    url = f"https://example.com/hook?key=lum_{'a' * 43}"
    answer = driver.call("POST", PATH, {"input": PICTURE, "webhook": url})

    assert answer.status == 422
    assert "without a token" in answer.body["detail"]
    assert driver.started() == []


def test_wish_that_is_none(driver: Driver) -> None:
    for field, value in FAULTS:
        wish = {"webhook": "https://example.com/hook", field: value}
        answer = driver.call("POST", PATH, {"input": PICTURE, **wish})

        assert answer.status == 422, wish
        assert answer.body["invalid_fields"][0]["field"].startswith(field)
    assert driver.started() == []


def test_wish_as_it_is_shown(driver: Driver) -> None:
    for wish, shown in WISHES:
        body = driver.call("POST", PATH, {"input": PICTURE, **wish}).body

        assert body.get("webhook_events_filter") == shown
        assert body.get("webhook") == (wish["webhook"] if shown else None)


def test_name_that_leads_inside(driver: Driver, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch) -> None:
    """A public name whose address is this machine's: not one byte is sent there."""
    real, port = socket.getaddrinfo, int(subscriber.url.split(":")[2].partition("/")[0])

    def resolve(host: Any, *args: Any, **options: Any) -> Any:
        inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        return inside if host == "hooks.example.com" else real(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    body = {"input": PICTURE, "webhook": "https://hooks.example.com/hook"}
    prediction_id = driver.call("POST", PATH, body).body["id"]
    driver.run(prediction_id, rounds=4)

    assert announced(driver, prediction_id).error == "not_public"
    assert subscriber.told == []


def test_place_that_is_not_allowed_any_more(
    driver: Driver, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    prediction_id = untold(driver, subscriber)
    monkeypatch.setenv("WEBHOOK_ORIGINS", "")
    driver.step("Announce", prediction_id)

    assert announced(driver, prediction_id).error == "not_allowed"
    assert subscriber.told == []


def test_nothing_of_it_is_logged(driver: Driver, subscriber: Subscriber, lines: list[str]) -> None:
    """Neither the secret, nor where it goes: a URL may hold a caller's own key."""
    subscriber.url += "?key=of-the-callers-own"
    subscriber.answers = ["drop", 500]
    driver.run(subscriber.submit(driver, "sim/one"))

    text = json.dumps(lines)
    assert lines
    assert secret(driver) not in text
    assert "of-the-callers-own" not in text
