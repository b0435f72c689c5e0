"""What a prediction shows of itself while it runs and when it is over; and what the API says of itself."""

import json
from typing import Any

import pytest
import yaml

from local.gateway import event
from lumeo import clock
from tests.conftest import ROOT
from tests.integration.driver import PICTURE, Driver, http_request

PARTIAL: list[tuple[Any, Any]] = [
    ("a", "a"),
    (["a", "b"], ["a", "b"]),
    ("", None),
    ([], None),
    ("$png", None),
    (["$png"], None),
    (["a", "$png"], None),
    (["a", "$data:png"], None),
    ({"text": "a"}, None),
    (["a", 5], None),
    (["a", None], None),
    (5, None),
]
"""What there is of an output, and what is shown of it."""


def looked_at(driver: Driver, given: dict[str, Any]) -> Any:
    """What is shown of an output after a look at a run that is under way."""
    prediction_id = driver.running("sim/script", {"processing": 20, **given})
    driver.clock.passes(15)
    driver.step("Status", prediction_id)
    shown = driver.read(prediction_id)
    assert shown["status"] == "processing"
    return shown["output"]


# Output that comes in pieces


def test_text_grows(driver: Driver) -> None:
    """What there is of it is shown from look to look, and at the end the whole."""
    prediction_id = driver.running("sim/tokens", {"processing": 20})
    seen = []
    for _ in range(4):
        driver.step("Status", prediction_id)
        seen.append(driver.read(prediction_id)["output"] or [])
        driver.clock.passes(4)
    driver.run(prediction_id, "Status")
    whole = driver.read(prediction_id)["output"]

    assert [len(text) for text in seen] == sorted({len(text) for text in seen})
    assert all(text == whole[: len(text)] for text in seen)
    assert len(seen[-1]) < len(whole)
    assert driver.record(prediction_id).outputs == {}


def test_only_text_is_shown_before_it_is_over(driver: Driver) -> None:
    """A file is shown when it is stored, and never where the provider has it."""
    for partial, shown in PARTIAL:
        assert looked_at(driver, {"partial": [partial]}) == shown, partial


def test_long_text_is_shown_too(driver: Driver) -> None:
    """From the bucket; token-shaped strings are in it no more."""
    output = looked_at(driver, {"partial": [["x" * 100_000, f"r8_{'0' * 37}"]]})

    assert output[0] == "x" * 100_000
    assert "r8_0" not in output[1]


@pytest.mark.parametrize("end", ["canceled", "failed"])
def test_what_did_not_succeed_has_no_output(driver: Driver, end: str) -> None:
    """Whatever was shown of it before."""
    given = {"processing": 20, "partial": [["a"], ["a", "b"]], "status": "failed", "error": "no"}
    prediction_id = driver.running("sim/script", given)
    driver.clock.passes(15)
    driver.step("Status", prediction_id)
    assert driver.read(prediction_id)["output"] == ["a", "b"]
    if end == "canceled":
        driver.cancel(prediction_id)
    driver.run(prediction_id, "Status")
    shown = driver.read(prediction_id)

    assert (shown["status"], shown["output"]) == (end, None)


def test_text_that_is_replaced_by_files(driver: Driver) -> None:
    """Between its end and the moment when all is stored, too."""
    prediction_id = driver.running("sim/script", {"processing": 20, "partial": ["a"], "output": ["$png"]})
    driver.clock.passes(15)
    driver.step("Status", prediction_id)
    driver.clock.passes(10)
    assert driver.step("Status", prediction_id)["next"] == "Finalize"
    assert driver.read(prediction_id)["status"] == "processing"
    driver.run(prediction_id, "Finalize")

    assert driver.read(prediction_id)["output"][0].startswith("https://cdn.test/outputs/")


def test_create_call_shows_nothing_unfinished(driver: Driver) -> None:
    """Clients of the language models would take the beginning for the whole."""
    path = "/v1/models/sim/tokens/predictions"
    request, named = {"input": PICTURE | {"processing": 20}}, {"Idempotency-Key": "k"}
    prediction_id = driver.call("POST", path, request, headers=named).body["id"]
    driver.step("Create", prediction_id)
    driver.clock.passes(10)
    driver.step("Status", prediction_id)
    assert driver.read(prediction_id)["output"]
    again = driver.call("POST", path, request, headers=named).body

    assert (again["id"], again["status"], again["output"]) == (prediction_id, "starting", None)


# Metrics


def test_times_of_one_that_ran(driver: Driver) -> None:
    """All that it took with us, and what of it was the model."""
    prediction_id = driver.submit("sim/image")
    driver.step("Create", prediction_id)
    assert "total_time" not in driver.read(prediction_id)["metrics"]
    driver.run(prediction_id, "Status")
    shown = driver.read(prediction_id)
    total = clock.seconds_between(shown["created_at"], shown["completed_at"])

    assert shown["metrics"]["total_time"] == total > 0
    assert shown["metrics"]["predict_time"] == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize("metrics", [None, {}, {"predict_time": None}, {"predict_time": "long"}])
def test_times_that_the_provider_does_not_say(driver: Driver, metrics: Any) -> None:
    prediction_id = driver.running("sim/cold")
    driver.clock.passes(39)
    driver.step("Status", prediction_id)
    body = {"id": driver.upstream().id, "status": "succeeded", "output": "x", "metrics": metrics}
    driver.fault("get", "status", status=200, body=body, times=-1)
    driver.clock.passes(3)
    driver.run(prediction_id, "Status")
    shown = driver.read(prediction_id)

    began = clock.seconds_between(shown["created_at"], shown["started_at"])
    assert shown["metrics"]["predict_time"] == shown["metrics"]["total_time"] - began > 0


def test_times_of_one_that_never_ran(driver: Driver) -> None:
    prediction_id = driver.submit("sim/one")
    driver.clock.passes(3)
    driver.cancel(prediction_id)

    assert driver.read(prediction_id)["metrics"] == {"total_time": 3.0}


# The API


def test_describes_itself(driver: Driver) -> None:
    """As the repository does, at the origin where it was asked; nobody needs a key for it."""
    answer = driver.call("GET", "/v1/openapi.json", headers={"Authorization": ""})
    written = yaml.safe_load((ROOT / "layers/lumeo/lumeo/openapi.yaml").read_text())

    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.body == {**written, "servers": [{"url": "https://lumeo.test"}]}


def test_describes_itself_where_it_was_asked(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "")
    made = event(http_request("GET", "/v1/openapi.json", b"", {}), "GET /v1/openapi.json", {})
    made["requestContext"]["domainName"] = "abc123.execute-api.eu-central-1.amazonaws.com"
    result = driver.functions.invoke("ReadFunction", made)

    assert json.loads(result["body"])["servers"] == [{"url": "https://abc123.execute-api.eu-central-1.amazonaws.com"}]
