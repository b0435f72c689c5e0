"""Which request a fault hits, and which faults are refused."""

from typing import Any

import pytest

from tests.simulator.caller import Caller


def statuses(sim: Caller, count: int, model: str = "sim/image") -> list[int]:
    return [sim.create(model).status_code for _ in range(count)]


def test_a_fault_hits_once_unless_told_otherwise(sim: Caller) -> None:
    sim.fault(call="create", kind="status", status=500)

    assert statuses(sim, 3) == [500, 201, 201]


def test_a_fault_hits_as_often_as_told(sim: Caller) -> None:
    sim.fault(call="create", kind="status", status=500, times=2)

    assert statuses(sim, 3) == [500, 500, 201]


def test_a_fault_can_hit_for_ever(sim: Caller) -> None:
    sim.fault(call="create", kind="status", status=500, times=-1)

    assert statuses(sim, 5) == [500] * 5


def test_requests_pass_before_it_hits(sim: Caller) -> None:
    sim.fault(call="create", kind="status", status=500, after=2)

    assert statuses(sim, 4) == [201, 201, 500, 201]


def test_a_request_that_another_fault_hit_does_not_pass(sim: Caller) -> None:
    sim.fault(call="create", kind="status", status=500)
    sim.fault(call="create", kind="status", status=503, after=1)

    assert statuses(sim, 4) == [500, 201, 503, 201]


def test_the_first_that_waits_hits_first(sim: Caller) -> None:
    several = [{"call": "create", "kind": "status", "status": status} for status in (500, 502, 503)]

    assert sim.post("/_sim/faults", json=several).json() == {"faults": 3}
    assert statuses(sim, 4) == [500, 502, 503, 201]


def test_a_fault_may_be_for_one_model_however_it_is_asked_for(sim: Caller) -> None:
    sim.fault(call="create", kind="status", status=500, model="sim/slow", times=3)
    version = sim.get("/v1/models/sim/slow").json()["latest_version"]["id"]
    run: dict[str, Any] = {"input": {"prompt": "a corgi"}}

    assert statuses(sim, 1, "sim/image") == [201]
    assert statuses(sim, 1, "sim/slow") == [500]
    assert sim.post("/v1/predictions", json={**run, "version": version}).status_code == 500
    assert sim.post("/v1/predictions", json={**run, "version": "sim/slow"}).status_code == 500


@pytest.mark.parametrize("key", ["prediction", "model"])
def test_a_fault_may_be_for_one_prediction_or_for_a_models(sim: Caller, key: str) -> None:
    hit, missed = sim.created("sim/slow"), sim.created("sim/image")
    sim.fault(
        call="get", kind="status", status=500, times=-1, **{key: {"prediction": hit["id"], "model": "sim/slow"}[key]}
    )

    assert sim.get(f"/v1/predictions/{missed['id']}").status_code == 200
    assert sim.get(f"/v1/predictions/{hit['id']}").status_code == 500


def test_a_fault_hits_its_call_only(sim: Caller) -> None:
    sim.fault(call="cancel", kind="status", status=500)
    created = sim.created("sim/stuck")

    assert sim.read(created)["status"] == "processing"
    assert sim.post(f"/v1/predictions/{created['id']}/cancel").status_code == 500
    assert sim.read(created)["status"] == "processing"


def test_faults_that_wait_are_shown_with_what_is_left_of_them(sim: Caller) -> None:
    sim.fault(call="create", kind="status", status=500, after=1, times=2)
    sim.fault(call="get", kind="drop_before", prediction="x")
    statuses(sim, 2)

    assert sim.get("/_sim/faults").json() == [
        {"call": "create", "kind": "status", "status": 500, "after": 0, "times": 1},
        {"call": "get", "kind": "drop_before", "prediction": "x", "after": 0, "times": 1},
    ]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({}, "call is required"),
        ("drop", "Invalid type. Expected: object, given: string"),
        ({"call": "create", "kind": "explode"}, "kind must be one of"),
        ({"call": "creat", "kind": "html"}, "call must be one of"),
        ({"call": "create", "kind": "status"}, "status is required"),
        ({"call": "create", "kind": "status", "status": 99}, "status: Must be greater"),
        ({"call": "create", "kind": "drop_before", "seconds": 1}, "Additional property seconds"),
        ({"call": "create", "kind": "html", "after": -1}, "after: Must be greater"),
        ({"call": "create", "kind": "html", "times": 0}, "hits at least once"),
        ({"call": "create", "kind": "truncate"}, "truncate is not for the call create"),
        ({"call": "file", "kind": "half_json"}, "half_json is not for the call file"),
        ({"call": "file", "kind": "redirect"}, "location is required"),
        ({"call": "file", "kind": "truncate", "fraction": 2}, "fraction: Must be less"),
        ({"call": "list", "kind": "html", "model": "sim/image"}, "names no model"),
        ({"call": "create", "kind": "html", "prediction": "x"}, "names no prediction"),
        ({"call": "get", "kind": "throttle", "hint": "wink"}, "hint must be one of"),
        ({"call": "get", "kind": "slow_accept", "seconds": 1}, "slow_accept is not for the call get"),
        ({"call": "get", "kind": "lag", "seconds": 1}, "lag is not for the call get"),
        ({"call": "create", "kind": "hide_webhook"}, "hide_webhook is not for the call create"),
        ({"call": "secret", "kind": "unknown_status"}, "unknown_status is not for the call secret"),
        ({"call": "secret", "kind": "html", "prediction": "x"}, "a secret request names no prediction"),
        ({"call": "secret", "kind": "html", "model": "sim/image"}, "a secret request names no model"),
        ({"call": "model", "kind": "unknown_status"}, "unknown_status is not for the call model"),
        ({"call": "model", "kind": "html", "prediction": "x"}, "a model request names no prediction"),
        ({"call": "webhook", "kind": "drop_after"}, "drop_after is not for the call webhook"),
        ({"call": "get", "kind": "lose"}, "lose is not for the call get"),
        ({"call": "get", "kind": "html", "event": "start"}, "Additional property event"),
        ({"call": "webhook", "kind": "lose", "event": "done"}, "event must be one of"),
        ({"call": "webhook", "kind": "late"}, "seconds is required"),
        ({"call": "webhook", "kind": "stale"}, "seconds is required"),
        ({"call": "webhook", "kind": "duplicate", "copies": 0}, "copies: Must be greater"),
        ({"call": "webhook", "kind": "early_end"}, "event is required"),
        ({"call": "webhook", "kind": "early_end", "event": "completed"}, "event must be one of"),
    ],
    ids=str,
)
def test_a_fault_that_makes_no_sense_is_refused(sim: Caller, fault: Any, words: str) -> None:
    answer = sim.post("/_sim/faults", json=fault)

    assert answer.status_code == 400
    assert words in answer.json()["detail"]


def test_of_a_list_with_a_wrong_one_none_is_taken(sim: Caller) -> None:
    sim.post("/_sim/faults", json=[{"call": "create", "kind": "html"}, {"call": "create"}])

    assert sim.get("/_sim/faults").json() == []
