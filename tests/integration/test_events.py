"""The sample events in `events/` are what AWS sends: every function has one, and every one is answered sensibly."""

import base64
import dataclasses
import hashlib
import json
from typing import Any

import pytest

from local.simulator.models import MODELS
from lumeo import aws, runs, settings
from lumeo.announcing import EVENTS
from lumeo.files import File, files, shelf
from lumeo.items import pack
from lumeo.prediction import Document, Subscriber
from lumeo.signatures import caller_secret, hook_token
from lumeo.store import store
from tests.conftest import MASTER, ROOT, template
from tests.integration.driver import Driver

SAMPLES = {path.stem: path for path in sorted((ROOT / "events").glob("*.json"))}
KEY = "lum_example-key-example-key-example-key-example"
ID = "01kbd8x5v0t6z3c9q4m7n2r8wk"
FILE = "01kbd8y2m4e7h1j5p8s3v6x9az"
NOWHERE = "http://127.0.0.1:9"
"""Where the caller wants to be told, and nobody listens."""

ANSWERS: dict[str, dict[str, Any]] = {
    "announce_first_run": {"next": "Announce", "upstream_id": None},
    "announce_overtaken_run": {"next": "End"},
    "announce_start": {},
    "cancel_prediction": {"statusCode": 200, "status": "canceled"},
    "cancel_unknown_prediction": {"statusCode": 404, "status": 404},
    "create_first_run": {"next": "Status", "model": "sim/image"},
    "create_overtaken_run": {"next": "End"},
    "delete_prediction": {"statusCode": 204},
    "delete_running_prediction": {"statusCode": 409, "title": "Conflict"},
    "files_download": {"statusCode": 302, "url": "https://cdn.test/inputs/0123456789abcdef/corgi.png"},
    "files_file": {"statusCode": 200, "id": FILE, "name": "corgi.png"},
    "files_list": {"statusCode": 200, "next": None},
    "files_post": {"statusCode": 201, "name": "corgi.png", "size": 70, "metadata": {"of": "a corgi"}},
    "files_remove": {"statusCode": 204},
    "files_upload": {"statusCode": 201, "content_type": "video/mp4", "etag": ""},
    "finalize_first_run": {"next": "Announce"},
    "finalize_overtaken_run": {"next": "End"},
    "models_model": {"statusCode": 200, "owner": "sim", "name": "image"},
    "models_version": {"statusCode": 200, "id": MODELS["sim/image"].version},
    "models_versions": {"statusCode": 200, "next": None},
    "read_filtered_list": {"statusCode": 200, "next": None},
    "read_list": {"statusCode": 200, "next": None},
    "read_openapi": {"statusCode": 200, "openapi": "3.1.0", "servers": [{"url": "https://lumeo.test"}]},
    "read_items": {"statusCode": 404, "detail": "This prediction has no items."},
    "read_prediction": {"statusCode": 200, "id": ID, "status": "starting"},
    "read_unknown_path": {"statusCode": 404, "title": "Not found"},
    "read_webhook_secret": {"statusCode": 200, "key": caller_secret(MASTER.encode(), "alice")},
    "read_wrong_cursor": {"statusCode": 400, "title": "Invalid cursor"},
    "status_first_run": {"next": "Status", "polls": 1},
    "status_overtaken_run": {"next": "End"},
    "submit_idempotency_key": {"statusCode": 201, "model": "sim/image", "status": "starting"},
    "submit_base64": {"statusCode": 201, "input": {"prompt": "a corgi in a field", "seed": 7}},
    "submit_deployment": {"statusCode": 201, "deployment": "sim/deployment"},
    "submit_model": {"statusCode": 201, "model": "sim/image"},
    "submit_provider": {"statusCode": 201, "provider": "fal", "model": "fal-ai/flux/dev"},
    "submit_rerun": {"statusCode": 201, "rerun_of": ID},
    "submit_version": {"statusCode": 201, "status": "starting", "model": ""},
    "submit_wait": {"statusCode": 201, "status": "starting"},
    "submit_webhook": {"statusCode": 201, "webhook_events_filter": ["completed"]},
    "submit_without_input": {"statusCode": 422, "title": "Input validation failed"},
    "submit_without_key": {"statusCode": 401, "title": "Unauthenticated"},
    "sweep_every_minute": {"overdue": 0},
    "sweep_failed_run": {},
    "webhook_forged": {"statusCode": 401, "title": "Unauthenticated"},
    "webhook_wrong_token": {"statusCode": 404, "title": "Not found"},
}
"""What each event is answered with: fields of the result, or of the JSON in its body."""


def function_of(event: str) -> str:
    return f"{event.partition('_')[0].capitalize()}Function"


@pytest.fixture
def seeded(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> Driver:
    """The key, the prediction and the file that the events name."""
    monkeypatch.setenv("WEBHOOK_ORIGINS", NOWHERE)
    key = {"pk": f"key#{hashlib.sha256(KEY.encode()).hexdigest()}", "owner": "alice", "name": "example"}
    aws.dynamodb().put_item(TableName=settings.table_name(), Item=pack(key | {"made_at": "2026-11-21T10:00:00.000Z"}))
    accepted = driver.record(driver.submit("sim/image"))
    subscriber = Subscriber(f"{NOWHERE}/hook", EVENTS)
    store().accept(dataclasses.replace(accepted, id=ID, run=ID, subscriber=subscriber))
    files().put(
        File(
            id=FILE,
            owner="alice",
            caller=shelf("alice"),
            created_at=accepted.created_at,
            expires_at=int(driver.clock.now().timestamp()) + 3600,
            key="inputs/0123456789abcdef/corgi.png",
            name="corgi.png",
            content_type="image/png",
            size=70,
            metadata=Document(json="{}"),
        )
    )
    return driver


def comes_before(driver: Driver, name: str) -> None:
    """Bring the prediction to where an event finds it."""
    if name.startswith(("status", "finalize")):
        driver.step("Create", ID)
    if name.startswith("finalize"):
        driver.clock.passes(60)
        driver.step("Status", ID)
    if name in {"announce_first_run", "delete_prediction"}:
        driver.cancel(ID)


def test_every_function_has_an_event() -> None:
    assert {function_of(event) for event in SAMPLES} == set(template().functions())


def test_every_event_has_an_expectation() -> None:
    assert set(ANSWERS) == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_event(seeded: Driver, name: str) -> None:
    event = json.loads(SAMPLES[name].read_text())
    comes_before(seeded, name)
    result = seeded.functions.invoke(function_of(name), event)

    answer = result | json.loads(result.get("body") or "{}")
    assert {field: answer[field] for field in ANSWERS[name]} == ANSWERS[name]
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
