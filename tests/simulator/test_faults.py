"""Every fault as a client meets it, and whether the run was paid for."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
import requests
from requests.exceptions import ChunkedEncodingError
from requests.exceptions import ConnectionError as Disconnected

from local.simulator import DEFAULT_TOKEN, Simulator, serve
from local.simulator.models import MODELS
from tests.simulator.caller import BEGIN, Caller, HandClock


def test_drop_before_resets_the_connection_and_nothing_is_paid_for(sim: Caller) -> None:
    sim.fault(call="create", kind="drop_before")

    with pytest.raises(Disconnected, match="reset"):
        sim.create("sim/image")

    assert sim.counters()["created"] == 0
    assert sim.counters()["calls"]["create"] == 1


def test_drop_after_resets_the_connection_of_a_run_that_is_paid_for(sim: Caller) -> None:
    sim.fault(call="create", kind="drop_after")

    with pytest.raises(Disconnected, match="reset"):
        sim.create("sim/image")

    assert sim.counters()["created"] == 1


def test_the_connection_after_a_drop_works(sim: Caller) -> None:
    sim.fault(call="create", kind="drop_before")
    with pytest.raises(Disconnected):
        sim.create("sim/image")

    assert sim.create("sim/image").status_code == 201


def test_a_delay_waits_on_the_simulators_clock(sim: Caller, clock: HandClock) -> None:
    sim.fault(call="create", kind="delay", seconds=1000)
    before = clock.now()

    body = sim.created("sim/image")

    assert (clock.now() - before).total_seconds() == 1000
    assert body["status"] == "starting"


def test_a_delay_can_outlast_a_client_and_is_paid_for() -> None:
    with serve(Simulator()) as server:
        caller = Caller(server.url, DEFAULT_TOKEN)
        with caller.session:
            caller.fault(call="create", kind="delay", seconds=0.5)
            body = {"input": {"prompt": "a corgi"}}
            with pytest.raises(requests.exceptions.ReadTimeout):
                caller.session.post(f"{server.url}/v1/models/sim/image/predictions", json=body, timeout=0.1)

            assert caller.counters()["created"] == 1


def test_a_slow_accept_acts_only_when_it_answers(sim: Caller, clock: HandClock) -> None:
    sim.fault(call="create", kind="slow_accept", seconds=7)

    body = sim.created("sim/image")

    assert (body["created_at"], body["status"]) == ("2026-04-22T11:15:22.329Z", "starting")
    assert clock.now() == BEGIN + timedelta(seconds=7)
    assert sim.journal()[0]["at"] == "2026-04-22T11:15:15.329Z"


def test_a_slow_accept_can_outlast_a_client_and_is_paid_for_later() -> None:
    with serve(Simulator()) as server:
        caller = Caller(server.url, DEFAULT_TOKEN)
        with caller.session:
            caller.fault(call="create", kind="slow_accept", seconds=0.6)
            body = {"input": {"prompt": "a corgi"}}
            with pytest.raises(requests.exceptions.ReadTimeout):
                caller.session.post(f"{server.url}/v1/models/sim/image/predictions", json=body, timeout=0.1)
            before = caller.counters()["created"]
            end = time.monotonic() + 10
            while not caller.counters()["created"] and time.monotonic() < end:
                time.sleep(0.02)

            assert (before, caller.counters()["created"]) == (0, 1)


@pytest.mark.parametrize("kind", ["delay", "slow_accept"])
def test_who_waits_holds_up_nobody(kind: str) -> None:
    with serve(Simulator()) as server:
        waiting, other = Caller(server.url, DEFAULT_TOKEN), Caller(server.url, DEFAULT_TOKEN)
        with waiting.session, other.session:
            other.fault(call="create", kind=kind, seconds=1)
            thread = threading.Thread(target=waiting.created, args=("sim/image",))
            thread.start()
            while not other.journal():
                pass
            before = time.monotonic()
            other.cancel(other.created("sim/stuck", {}))
            took = time.monotonic() - before
            thread.join()

    assert took < 0.8


def test_a_hidden_webhook_is_hidden_in_that_answer_only(sim: Caller) -> None:
    created = sim.told("http://127.0.0.1/hook")
    sim.fault(call="get", kind="hide_webhook")
    sim.fault(call="list", kind="hide_webhook")

    shown = [sim.read(created), *sim.get("/v1/predictions").json()["results"]]

    assert shown == [{key: value for key, value in created.items() if key != "webhook"}] * 2
    assert sim.read(created) == created
    assert sim.get("/v1/predictions").json()["results"] == [created]


def test_a_list_that_lags_leaves_out_the_young(sim: Caller, clock: HandClock) -> None:
    old = sim.created("sim/instant")
    clock.sleep(1)
    young = sim.created("sim/instant")
    clock.sleep(4)
    sim.fault(call="list", kind="lag", seconds=5)

    lists = [[one["id"] for one in sim.get("/v1/predictions").json()["results"]] for _ in range(2)]

    assert lists == [[old["id"]], [young["id"], old["id"]]]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "valid authentication token"),
        (402, "insufficient credit"),
        (404, "could not be found"),
        (422, "version does not exist"),
        (429, "resets in ~30s"),
        (503, "answered 503"),
    ],
)
def test_a_status_has_replicates_body_and_nothing_is_paid_for(sim: Caller, status: int, words: str) -> None:
    sim.fault(call="create", kind="status", status=status)

    answer = sim.create("sim/image")

    assert answer.status_code == status
    assert words in answer.json()["detail"]
    assert sim.counters()["created"] == 0


@pytest.mark.parametrize("body", [{"detail": "no"}, "no, in plain words", []], ids=["object", "text", "list"])
def test_a_status_may_bring_its_own_headers_and_body(sim: Caller, body: Any) -> None:
    sim.fault(call="get", kind="status", status=503, headers={"Retry-After": "7"}, body=body)

    answer = sim.get("/v1/predictions/any")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert (answer.text if isinstance(body, str) else answer.json()) == body


def test_status_after_is_paid_for(sim: Caller) -> None:
    sim.fault(call="create", kind="status_after", status=502)

    assert sim.create("sim/image").status_code == 502
    assert sim.counters()["created"] == 1


@pytest.mark.parametrize(
    ("hint", "header", "body"),
    [
        ("header", "5", {"detail": "Request was throttled.", "status": 429}),
        ("body", None, {"detail": "Request was throttled.", "status": 429, "retry_after": 5}),
        ("text", None, {"detail": "Request was throttled. Your rate limit resets in ~5s."}),
        ("none", None, {"detail": "Request was throttled."}),
    ],
)
def test_a_throttle_hints_as_told(sim: Caller, hint: str, header: str | None, body: dict[str, Any]) -> None:
    sim.fault(call="create", kind="throttle", hint=hint, seconds=5)

    answer = sim.create("sim/image")

    assert (answer.status_code, answer.headers.get("Retry-After"), answer.json()) == (429, header, body)
    assert sim.counters()["created"] == 0


@pytest.mark.parametrize(("more", "status"), [({}, 200), ({"status": 403}, 403)])
def test_html_is_a_page_instead_of_an_answer(sim: Caller, more: dict[str, int], status: int) -> None:
    sim.fault(call="create", kind="html", **more)

    answer = sim.create("sim/image")

    assert answer.status_code == status
    assert answer.text.startswith("<!doctype html>")
    assert sim.counters()["created"] == 1


def test_half_json_is_whole_by_its_length(sim: Caller) -> None:
    sim.fault(call="create", kind="half_json")

    answer = sim.create("sim/image")

    assert answer.status_code == 200
    assert answer.text.startswith('{"id": "')
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()
    assert sim.counters()["created"] == 1


@pytest.mark.parametrize("call", ["create", "get", "cancel"])
def test_unknown_status_changes_that_word_only(sim: Caller, call: str) -> None:
    created = sim.created("sim/stuck")
    sim.fault(call=call, kind="unknown_status")

    body = {"create": lambda _: sim.created("sim/stuck"), "get": sim.read, "cancel": sim.cancel}[call](created)

    assert body["status"] == "reticulating"
    assert sim.read(body)["status"] in {"processing", "canceled"}


def test_unknown_status_in_a_list_is_in_every_row(sim: Caller) -> None:
    sim.created("sim/image")
    sim.created("sim/image")
    sim.fault(call="list", kind="unknown_status")

    rows = sim.get("/v1/predictions").json()["results"]

    assert [row["status"] for row in rows] == ["reticulating"] * 2


@pytest.mark.parametrize(("more", "arrives"), [({}, 50_000), ({"fraction": 0.25}, 25_000), ({"fraction": 0}, 0)])
def test_truncate_promises_the_whole_and_breaks_off(sim: Caller, more: dict[str, float], arrives: int) -> None:
    url = sim.created("sim/script", {"output": "$bytes:100000"})["output"]
    sim.fault(call="file", kind="truncate", **more)

    with requests.get(url, timeout=10, stream=True) as answer:
        assert answer.headers["Content-Length"] == "100000"
        with pytest.raises(ChunkedEncodingError, match=rf"IncompleteRead\({arrives} bytes read"):
            _ = answer.content

    assert len(sim.file(url).content) == 100_000


def test_short_is_a_chunked_transfer_without_its_end(sim: Caller) -> None:
    url = sim.created("sim/script", {"output": "$bytes:100000"})["output"]
    sim.fault(call="file", kind="short")

    with requests.get(url, timeout=10, stream=True) as answer:
        assert answer.headers["Transfer-Encoding"] == "chunked"
        assert "Content-Length" not in answer.headers
        with pytest.raises(ChunkedEncodingError):
            _ = answer.content


def test_redirect_points_elsewhere(sim: Caller) -> None:
    url = sim.created("sim/instant")["output"][0]
    sim.fault(call="file", kind="redirect", location="https://example.com/elsewhere")

    answer = requests.get(url, timeout=10, allow_redirects=False)

    assert (answer.status_code, answer.headers["Location"]) == (302, "https://example.com/elsewhere")


def test_wrong_type_lies_about_the_right_bytes(sim: Caller) -> None:
    url = sim.created("sim/instant")["output"][0]
    sim.fault(call="file", kind="wrong_type", content_type="text/html")

    lie, truth = sim.file(url), sim.file(url)

    assert (lie.headers["Content-Type"], truth.headers["Content-Type"]) == ("text/html", "image/png")
    assert lie.content == truth.content


def send(sim: Caller, call: str, prediction: dict[str, Any]) -> requests.Response:
    match call:
        case "get":
            return sim.get(f"/v1/predictions/{prediction['id']}")
        case "list":
            return sim.get("/v1/predictions")
        case "model":
            return sim.get("/v1/models/sim/instant")
        case "secret":
            return sim.get("/v1/webhooks/default/secret")
        case "cancel":
            return sim.post(f"/v1/predictions/{prediction['id']}/cancel")
        case _:
            return sim.file(prediction["output"][0])


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
@pytest.mark.parametrize("call", ["get", "list", "cancel", "file", "model", "secret"])
def test_every_call_can_be_dropped(sim: Caller, kind: str, call: str) -> None:
    created = sim.created("sim/instant")
    sim.fault(call=call, kind=kind)

    with pytest.raises(Disconnected):
        send(sim, call, created)

    assert send(sim, call, created).status_code == 200


@pytest.mark.parametrize("kind", ["status", "throttle", "html", "half_json"])
@pytest.mark.parametrize("path", ["", "/versions", "/versions/{id}"], ids=["model", "versions", "version"])
def test_a_models_description_can_fail(sim: Caller, kind: str, path: str) -> None:
    asked = f"/v1/models/sim/slow{path}".format(id=MODELS["sim/slow"].version)
    sim.fault(call="model", kind=kind, model="sim/slow", **({"status": 503} if kind == "status" else {}))
    spared, hit, after = (sim.get(url) for url in ("/v1/models/sim/image", asked, asked))

    assert (spared.status_code, after.status_code) == (200, 200)
    assert hit.status_code == {"status": 503, "throttle": 429}.get(kind, 200)
    assert hit.content != after.content


def test_a_models_description_can_be_late(sim: Caller, clock: HandClock) -> None:
    sim.fault(call="model", kind="delay", seconds=20)

    assert sim.get("/v1/models/sim/slow").status_code == 200
    assert clock.now() == BEGIN + timedelta(seconds=20)


def test_a_reset_comes_at_once(sim: Caller) -> None:
    sim.fault(call="create", kind="drop_after")
    before = time.monotonic()
    with pytest.raises(Disconnected):
        sim.create("sim/image")

    assert time.monotonic() - before < 1
