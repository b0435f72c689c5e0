"""Counters, journal and truths: what a test can know afterwards."""

import threading

import pytest
import requests
from requests.exceptions import ConnectionError as Disconnected

from tests.simulator.caller import Caller, HandClock

TOKEN = {"Authorization": "Bearer r8_simulator_or_some_other_secret"}


def test_counters_tell_calls_and_ends(sim: Caller, clock: HandClock) -> None:
    done = sim.created("sim/instant")
    sim.created("sim/nsfw")
    sim.cancel(sim.created("sim/stuck"))
    sim.created("sim/stuck")
    sim.created("sim/queued", headers={"Cancel-After": "5"})
    clock.sleep(10)
    sim.read(done)
    sim.get("/v1/predictions")
    sim.get("/v1/models/sim/image")
    sim.file(done["output"][0])
    sim.get("/v1/webhooks/default/secret")

    assert sim.counters() == {
        "calls": {"create": 5, "get": 1, "list": 1, "cancel": 1, "file": 1, "model": 1, "secret": 1},
        "created": 5,
        "running": 1,
        "succeeded": 1,
        "failed": 1,
        "canceled": 1,
        "aborted": 1,
        "leaked_tokens": 0,
        "webhooks": 0,
    }


def test_counters_of_one_model(sim: Caller) -> None:
    done = sim.created("sim/instant")
    sim.created("sim/stuck")
    sim.read(done)
    sim.file(done["output"][0])

    counters = sim.counters("sim/instant")

    assert counters["calls"] == {"create": 1, "get": 1, "list": 0, "cancel": 0, "file": 1, "model": 0, "secret": 0}
    assert (counters["created"], counters["running"], counters["succeeded"]) == (1, 0, 1)


def test_requests_without_a_token_count_as_calls(sim: Caller) -> None:
    requests.get(f"{sim.url}/v1/predictions/x", timeout=10)

    assert sim.counters()["calls"]["get"] == 1


def test_the_tests_own_calls_do_not_count(sim: Caller) -> None:
    sim.counters()
    sim.get("/_sim/predictions")

    assert sim.journal() == []


def test_a_token_sent_for_a_file_is_answered_and_noticed(sim: Caller) -> None:
    url = sim.created("sim/instant")["output"][0]

    answer = requests.get(url, headers=TOKEN, timeout=10)

    assert answer.status_code == 200
    assert sim.counters()["leaked_tokens"] == 1
    assert sim.counters("sim/slow")["leaked_tokens"] == 0


def test_the_journal_tells_every_request_in_order(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/image")
    clock.sleep(1)
    sim.get("/v1/predictions?created_after=2026-01-01T00:00:00Z")
    sim.get("/v1/predictions/unknown")
    sim.get("/v1/nowhere")

    lines = sim.journal()

    assert lines[0].pop("headers")["Content-Type"] == "application/json"
    assert lines[0] == {
        "at": "2026-04-22T11:15:15.329Z",
        "call": "create",
        "method": "POST",
        "path": "/v1/models/sim/image/predictions",
        "model": "sim/image",
        "prediction": created["id"],
        "status": 201,
    }
    assert [(line["call"], line["path"], line["status"]) for line in lines[1:]] == [
        ("list", "/v1/predictions?created_after=2026-01-01T00:00:00Z", 200),
        ("get", "/v1/predictions/unknown", 404),
        (None, "/v1/nowhere", 404),
    ]
    assert lines[1]["at"] == "2026-04-22T11:15:16.329Z"


def test_a_dropped_request_has_no_status(sim: Caller) -> None:
    sim.fault(call="create", kind="drop_after")
    with pytest.raises(Disconnected):
        sim.create("sim/image")

    line = sim.journal()[0]

    assert line["status"] is None
    assert line["prediction"] == sim.get("/_sim/predictions").json()[0]["id"]


def test_the_journal_shows_no_whole_token(sim: Caller) -> None:
    sim.get("/v1/account", headers={"X-Other": "my r8_abcdefghijklmnopqrstuvwxyz here", **TOKEN})

    headers = sim.journal()[0]["headers"]

    assert headers["Authorization"] == "Bearer r8_simulator"
    assert headers["X-Other"] == "my r8_abcdefghi here"


def test_the_truth_tells_how_often_a_run_was_read_and_canceled(sim: Caller) -> None:
    created = sim.created("sim/stuck")
    sim.read(created)
    sim.read(created)
    canceled = sim.cancel(created)

    assert sim.get("/_sim/predictions").json() == [{**canceled, "cancel_calls": 1, "get_calls": 2}]


def test_the_truth_can_be_asked_by_webhook(sim: Caller) -> None:
    body = {"version": "sim/instant", "input": {"prompt": "a corgi"}}
    made = [
        sim.post("/v1/predictions", json={**body, "webhook": f"https://example.com/hook/{name}"}).json()["id"]
        for name in ("one", "two", "two-too")
    ]
    sim.created("sim/instant")

    found = sim.get("/_sim/predictions", params={"webhook_contains": "/two"}).json()

    assert [prediction["id"] for prediction in found] == made[1:]
    assert len(sim.get("/_sim/predictions").json()) == 4


def test_a_reset_forgets_everything(sim: Caller) -> None:
    created = sim.created("sim/instant")
    sim.fault(call="create", kind="html")

    assert sim.post("/_sim/reset").json() == {}

    assert (sim.counters()["created"], sim.journal()) == (0, [])
    assert sim.get("/_sim/faults").json() == []
    assert sim.get(f"/v1/predictions/{created['id']}").status_code == 404


def test_many_threads_lose_nothing(sim: Caller) -> None:
    sim.fault(call="create", kind="drop_after", after=10, times=20)
    token = str(sim.session.headers["Authorization"]).removeprefix("Bearer ")
    dropped = []

    def create_some() -> None:
        caller = Caller(sim.url, token)
        with caller.session:
            for _ in range(10):
                try:
                    caller.created("sim/instant")
                except Disconnected:
                    dropped.append(1)

    threads = [threading.Thread(target=create_some) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (sim.counters()["created"], len(dropped)) == (80, 20)
