"""The sample events in `events/` are what AWS sends: every function has one, and every one is answered sensibly."""

import base64
import json

import pytest

from lumeo import runs
from lumeo.signatures import hook_token
from tests.conftest import MASTER, template
from tests.integration.driver import Driver
from tests.samples import ID, NOWHERE, SAMPLES, answers, comes_before, function_of, said, seed


@pytest.fixture
def seeded(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> Driver:
    """The key, the prediction and the file that the events name."""
    monkeypatch.setenv("WEBHOOK_ORIGINS", NOWHERE)
    seed()
    return driver


def test_every_function_has_an_event() -> None:
    assert {function_of(event) for event in SAMPLES} == set(template().functions())


def test_every_event_has_an_expectation() -> None:
    assert set(answers("", "")) == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_event(seeded: Driver, name: str) -> None:
    event = json.loads(SAMPLES[name].read_text())
    comes_before(name, seeded.step, seeded.cancel, seeded.clock.passes)
    expected = answers("https://lumeo.test", "https://cdn.test")[name]
    result = seeded.functions.invoke(function_of(name), event)

    answer = said(result)
    assert {field: answer[field] for field in expected} == expected
    if name == "finalize_first_run":
        assert seeded.read(ID)["status"] == "succeeded"
    if name == "announce_start":
        assert seeded.record(ID).announced["start"].error == "unreachable"


def test_a_run_that_failed_is_taken_care_of_at_once(seeded: Driver) -> None:
    """That Step Functions knows none of this name is one of the ways in which a run may have been lost."""
    assert runs.look(ID) is None

    seeded.functions.invoke("SweepFunction", json.loads(SAMPLES["sweep_failed_run"].read_text()))

    assert runs.look(ID) is not None


def test_the_same_request_again_is_answered_with_the_first(seeded: Driver) -> None:
    event = json.loads(SAMPLES["submit_idempotency_key"].read_text())

    first, again = (seeded.functions.invoke("SubmitFunction", event) for _ in range(2))

    assert json.loads(again["body"])["id"] == json.loads(first["body"])["id"]
    assert "Idempotent-Replayed" not in first["headers"]
    assert again["headers"]["Idempotent-Replayed"] == "true"


def test_a_forged_webhook_has_the_right_url() -> None:
    """Else it would be refused for that, and not for its signature."""
    parameters = json.loads(SAMPLES["webhook_forged"].read_text())["pathParameters"]

    assert parameters == {"provider": "replicate", "id": ID, "token": hook_token(MASTER.encode(), "replicate", ID)}


@pytest.mark.parametrize("name", [name for name in SAMPLES if '"body"' in SAMPLES[name].read_text()])
def test_length_is_that_of_the_body(name: str) -> None:
    event = json.loads(SAMPLES[name].read_text())
    content = base64.b64decode(event["body"]) if event["isBase64Encoded"] else event["body"].encode()

    assert int(event["headers"]["content-length"]) == len(content)


@pytest.mark.parametrize("name", [name for name in SAMPLES if "routeKey" in SAMPLES[name].read_text()])
def test_route_is_one_of_the_templates(name: str) -> None:
    """And leads to the function that the file names."""
    event = json.loads(SAMPLES[name].read_text())
    routes = {route.key: route.function for route in template().routes()}

    assert routes[event["routeKey"]] == function_of(name)
    assert event["requestContext"]["routeKey"] == event["routeKey"]
    assert event["requestContext"]["http"]["path"] == event["rawPath"]
