"""What is refused, and in which words."""

from typing import Any

import pytest
import requests

from tests.simulator.caller import Caller

RUN = {"version": "sim/image", "input": {"prompt": "a corgi"}}


def wrong_fields(answer: requests.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422
    return [(field["type"], field["field"]) for field in answer.json()["invalid_fields"]]


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        (None, "You did not pass an authentication token"),
        ("Bearer r8_somebody_elses", "You did not pass a valid authentication token"),
        ("Basic r8_simulator", "You did not pass a valid authentication token"),
    ],
    ids=["none", "another", "another scheme"],
)
def test_without_the_token_nothing_is_answered(sim: Caller, header: str | None, detail: str) -> None:
    headers = {"Authorization": header} if header else {}

    answer = requests.post(f"{sim.url}/v1/predictions", json=RUN, headers=headers, timeout=10)

    assert answer.json() == {"title": "Unauthenticated", "detail": detail, "status": 401}
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert sim.counters()["created"] == 0


def test_the_old_scheme_still_works(sim: Caller) -> None:
    token = str(sim.session.headers["Authorization"]).removeprefix("Bearer ")

    assert sim.get("/v1/account", headers={"Authorization": f"Token {token}"}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/v1/predictions/unknown",
        "/v1/models/sim/unknown",
        "/v1/models/other/image",
        "/v1/models/sim/image/versions/unknown",
        "/v1/nowhere",
    ],
)
def test_what_is_not_there_is_not_found(sim: Caller, path: str) -> None:
    answer = sim.get(path)

    assert answer.status_code == 404
    assert answer.json()["detail"] == "The requested resource could not be found."


def test_an_unknown_model_and_an_unknown_prediction_are_not_found(sim: Caller) -> None:
    assert sim.create("sim/unknown").status_code == 404
    assert sim.post("/v1/predictions/unknown/cancel").status_code == 404


@pytest.mark.parametrize("version", ["f" * 64, "sim/unknown", "sim/image:" + "f" * 64, "other/image"])
def test_an_unknown_version_is_refused(sim: Caller, version: str) -> None:
    answer = sim.post("/v1/predictions", json={**RUN, "version": version})

    assert answer.status_code == 422
    assert answer.json()["title"] == "Invalid version or not permitted"


def test_a_missing_prompt_is_named(sim: Caller) -> None:
    answer = sim.create("sim/image", {"seed": 1})

    assert answer.status_code == 422
    assert answer.json() == {
        "title": "Input validation failed",
        "detail": "- input: prompt is required\n",
        "status": 422,
        "invalid_fields": [{"type": "required", "field": "input", "description": "prompt is required"}],
    }


def test_every_wrong_input_is_named(sim: Caller) -> None:
    answer = sim.create("sim/many", {"prompt": 3, "width": 1, "num_outputs": 65, "seed": None})

    assert wrong_fields(answer) == [
        ("invalid_type", "input.prompt"),
        ("invalid_type", "input.seed"),
        ("number_gte", "input.width"),
        ("number_lte", "input.num_outputs"),
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"version": "sim/image"}, [("required", "")]),
        ({**RUN, "input": "a corgi"}, [("invalid_type", "input")]),
        ({**RUN, "webhook_completed": "x"}, [("additional_property_not_allowed", "")]),
        ({**RUN, "webhook_events_filter": ["done"]}, [("enum", "webhook_events_filter.0")]),
    ],
    ids=["no input", "input is text", "unknown field", "unknown event"],
)
def test_a_body_that_the_specification_does_not_allow_is_refused(
    sim: Caller, body: Any, expected: list[tuple[str, str]]
) -> None:
    assert wrong_fields(sim.post("/v1/predictions", json=body)) == expected


@pytest.mark.parametrize("body", ["{", "[]", ""], ids=["half", "a list", "nothing"])
def test_what_is_no_json_object_is_a_bad_request(sim: Caller, body: str) -> None:
    assert sim.post("/v1/predictions", data=body).status_code == 400


@pytest.mark.parametrize("header", ["4", "4s", "soon", "-5", ""])
def test_a_cancel_after_under_five_seconds_is_refused(sim: Caller, header: str) -> None:
    assert sim.create("sim/image", headers={"Cancel-After": header}).status_code == 422


def test_nothing_refused_is_paid_for(sim: Caller) -> None:
    sim.create("sim/image", {})
    sim.create("sim/unknown")
    sim.post("/v1/predictions", json={"version": "sim/unknown", "input": {}})

    assert sim.counters()["created"] == 0
    assert sim.counters()["calls"]["create"] == 3
