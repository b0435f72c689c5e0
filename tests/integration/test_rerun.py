"""POST /v1/predictions/{id}/rerun: the same question once more."""

from collections.abc import Mapping
from typing import Any

import pytest

from local.environment import variables
from local.simulator.models import MODELS
from tests.integration.driver import PICTURE, Answer, Driver

HASH = MODELS["sim/one"].version
WAYS: list[tuple[str, dict[str, Any]]] = [
    ("/v1/models/sim/one/predictions", {}),
    ("/v1/predictions", {"version": "sim/one"}),
    ("/v1/predictions", {"version": HASH}),
    ("/v1/predictions", {"version": f"sim/one:{HASH}"}),
    ("/v1/deployments/sim/deployment/predictions", {}),
    ("/v1/models/lumeo/pictures/predictions", {}),
    ("/v1/predictions", {"version": "pictures"}),
]


def again(driver: Driver, prediction_id: str, body: Any = None, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return driver.call("POST", f"/v1/predictions/{prediction_id}/rerun", body, headers=named)


@pytest.mark.parametrize(("path", "more"), WAYS)
def test_asks_the_same_once_more(driver: Driver, path: str, more: Mapping[str, Any]) -> None:
    """However it was asked; a prediction of its own, paid for on its own, that says what it repeats."""
    first = driver.call("POST", path, {"input": PICTURE | {"seed": 7}, **more}).body
    driver.run(first["id"])
    answer = again(driver, first["id"])
    assert answer.status == 201
    assert answer.headers["Location"] == answer.body["urls"]["get"]
    assert (answer.body["status"], answer.body["rerun_of"]) == ("starting", first["id"])
    driver.run(answer.body["id"])
    old, new = driver.read(first["id"]), driver.read(answer.body["id"])

    assert old["id"] != new["id"]
    assert "rerun_of" not in old
    for name in ("model", "version", "input", "status"):
        assert new[name] == old[name], name
    assert new.get("deployment") == old.get("deployment")
    assert new["output"] != old["output"], "the files are its own"
    one, two = (run.request for run in driver.simulator.all())
    assert (one.input, one.model.version) == (two.input, two.model.version)


def test_whatever_became_of_the_first(driver: Driver) -> None:
    """Failed, canceled, or still under way: asking again is no question of that."""
    ended = [driver.finished(model)[0]["id"] for model in ("sim/traceback", "sim/one")]
    canceled, waiting = driver.submit("sim/one"), driver.submit("sim/one")
    driver.cancel(canceled)
    for old in (*ended, canceled, waiting, driver.running("sim/stuck")):
        before = driver.read(old)
        assert again(driver, old).status == 201
        assert driver.read(old) == before


def test_of_a_rerun(driver: Driver) -> None:
    first = driver.submit("sim/one", {"seed": 3})
    second = again(driver, first).body["id"]
    third = again(driver, second).body

    assert (third["rerun_of"], third["input"]["seed"]) == (second, 3)


def test_large_input_is_a_document_of_its_own(driver: Driver) -> None:
    """Deleting the one leaves the other what it has."""
    first = driver.finished("sim/text", {"prompt": "x" * 100_000})[0]["id"]
    second = again(driver, first).body["id"]
    assert driver.call("DELETE", f"/v1/predictions/{first}").status == 204

    assert driver.read(second)["input"]["prompt"] == "x" * 100_000


def test_wishes_are_not_repeated(driver: Driver) -> None:
    """Who is to be told, and when it must be over, is said anew."""
    body = {"input": PICTURE, "webhook": "https://example.com/old", "webhook_events_filter": ["start"]}
    path = "/v1/models/sim/one/predictions"
    first = driver.call("POST", path, body, headers={"Cancel-After": "30"}).body["id"]
    silent = again(driver, first).body
    wished = again(driver, first, {"webhook": "https://example.com/new"}, cancel_after="90s").body

    assert "webhook" not in silent
    assert silent["deadline"] == "2026-11-21T11:00:00.000Z"
    assert wished["webhook"] == "https://example.com/new"
    assert wished["webhook_events_filter"] == ["start", "output", "logs", "completed"]
    assert wished["deadline"] == "2026-11-21T10:01:30.000Z"
    assert again(driver, first, {"webhook": "http://example.com"}).status == 422


def test_input_and_model_are_those_of_the_first(driver: Driver) -> None:
    """Whatever else the body says."""
    first = driver.submit("sim/one", {"seed": 3})
    answer = again(driver, first, {"input": {"seed": 4}, "version": "sim/text", "model": "sim/text"})

    assert (answer.body["model"], answer.body["input"]["seed"]) == ("sim/one", 3)


@pytest.mark.parametrize(("data", "status"), [(b"", 201), (b"{}", 201), (b"[]", 400), (b"no", 400), (b"null", 400)])
def test_bodies(driver: Driver, data: bytes, status: int) -> None:
    """None is needed."""
    first = driver.submit("sim/one")

    assert driver.call("POST", f"/v1/predictions/{first}/rerun", data=data).status == status


def test_header_that_names_the_request(driver: Driver) -> None:
    """Its repeat is answered with what it made; the same key for another prediction is a mistake."""
    first, other = driver.submit("sim/one"), driver.submit("sim/one")
    made, replayed = (again(driver, first, idempotency_key="k") for _ in range(2))

    assert made.body["id"] == replayed.body["id"]
    assert replayed.headers["Idempotent-Replayed"] == "true"
    assert again(driver, other, idempotency_key="k").status == 422


def test_repeat_of_a_rerun_whose_first_was_deleted(driver: Driver) -> None:
    """The answer that was lost is given all the same; who asks anew is told."""
    first = driver.finished("sim/one")[0]["id"]
    made = again(driver, first, idempotency_key="k")
    driver.call("DELETE", f"/v1/predictions/{first}")
    replayed = again(driver, first, idempotency_key="k")

    assert (replayed.status, replayed.body["id"]) == (201, made.body["id"])
    assert again(driver, first, idempotency_key="other").status == 409


def test_name_that_means_another_version_by_now(driver: Driver) -> None:
    """The same question: what a name stands for is asked again, what was pinned stays."""
    newest, older = driver.call("GET", "/v1/models/sim/versions/versions").body["results"][:2]
    pinned = driver.call("POST", "/v1/predictions", {"version": older["id"], "input": PICTURE}).body["id"]
    named = driver.submit("sim/versions")
    for prediction_id in (pinned, named):
        driver.step("Create", again(driver, prediction_id).body["id"])

    assert [run.request.model.version for run in driver.simulator.all()] == [older["id"], newest["id"]]


def test_input_is_checked_by_what_is_known_now(driver: Driver) -> None:
    """It was taken while nobody knew better."""
    first = driver.submit("sim/one", {"width": 5})
    driver.call("GET", "/v1/models/sim/one")

    assert again(driver, first).status == 422


def test_policy_is_that_of_now(driver: Driver) -> None:
    first = driver.submit("sim/one")
    with variables({"VERSION_POLICY": "catalogue"}):
        assert again(driver, first).status == 422


def test_waits_as_a_create_call_does(driver: Driver) -> None:
    answer = again(driver, driver.submit("sim/one"), prefer="wait=1")

    assert (answer.status, answer.headers["Preference-Applied"]) == (201, "wait=1")


def test_of_nothing(driver: Driver) -> None:
    for prediction_id in ("0" * 26, "x", "%20"):
        assert again(driver, prediction_id).status == 404
