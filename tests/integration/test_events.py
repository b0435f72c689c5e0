"""The sample events in `events/` are what AWS sends: every function has one, and every one is answered sensibly."""

import dataclasses
import hashlib
import json
from typing import Any

import pytest

from lumeo import aws, settings
from lumeo.items import pack
from lumeo.store import store
from tests.conftest import ROOT, template
from tests.integration.driver import Driver

EVENTS = {path.stem: path for path in sorted((ROOT / "events").glob("*.json"))}
KEY = "lum_example-key-example-key-example-key-example"
ID = "01kbd8x5v0t6z3c9q4m7n2r8wk"

ANSWERS: dict[str, dict[str, Any]] = {
    "cancel_prediction": {"statusCode": 200, "status": "canceled"},
    "cancel_unknown_prediction": {"statusCode": 404, "status": 404},
    "create_first_run": {"next": "Status", "model": "sim/image"},
    "create_overtaken_run": {"next": "End"},
    "finalize_first_run": {"next": "End"},
    "finalize_overtaken_run": {"next": "End"},
    "read_list": {"statusCode": 200, "next": None},
    "read_prediction": {"statusCode": 200, "id": ID, "status": "starting"},
    "read_unknown_path": {"statusCode": 404, "title": "Not found"},
    "read_wrong_cursor": {"statusCode": 400, "title": "Invalid cursor"},
    "status_first_run": {"next": "Status", "polls": 1},
    "status_overtaken_run": {"next": "End"},
    "submit_base64": {"statusCode": 201, "input": {"prompt": "a corgi in a field", "seed": 7}},
    "submit_model": {"statusCode": 201, "model": "sim/image"},
    "submit_version": {"statusCode": 201, "status": "starting", "model": ""},
    "submit_wait": {"statusCode": 201, "status": "starting"},
    "submit_without_input": {"statusCode": 422, "title": "Input validation failed"},
    "submit_without_key": {"statusCode": 401, "title": "Unauthenticated"},
    "sweep_every_minute": {"overdue": 0},
}
"""What each event is answered with: fields of the result, or of the JSON in its body."""


def function_of(event: str) -> str:
    return f"{event.partition('_')[0].capitalize()}Function"


@pytest.fixture
def seeded(driver: Driver) -> Driver:
    """The key and the prediction that the events name."""
    key = {"pk": f"key#{hashlib.sha256(KEY.encode()).hexdigest()}", "owner": "alice", "name": "example"}
    aws.dynamodb().put_item(TableName=settings.table_name(), Item=pack(key | {"made_at": "2026-11-21T10:00:00.000Z"}))
    accepted = driver.record(driver.submit("sim/image"))
    store().accept(dataclasses.replace(accepted, id=ID, run=ID))
    return driver


def test_every_function_has_an_event() -> None:
    assert {function_of(event) for event in EVENTS} == set(template().functions())


def test_every_event_has_an_expectation() -> None:
    assert set(ANSWERS) == set(EVENTS)


@pytest.mark.parametrize("name", EVENTS)
def test_event(seeded: Driver, name: str) -> None:
    event = json.loads(EVENTS[name].read_text())
    if name.startswith(("status", "finalize")):
        seeded.step("Create", ID)
    if name.startswith("finalize"):
        seeded.clock.passes(60)
        seeded.step("Status", ID)
    result = seeded.functions.invoke(function_of(name), event)

    answer = result | json.loads(result.get("body", "{}"))
    assert {field: answer[field] for field in ANSWERS[name]} == ANSWERS[name]
    if name == "finalize_first_run":
        assert seeded.read(ID)["status"] == "succeeded"


@pytest.mark.parametrize("name", [name for name in EVENTS if "routeKey" in EVENTS[name].read_text()])
def test_route_is_one_of_the_templates(name: str) -> None:
    """And leads to the function that the file names."""
    event = json.loads(EVENTS[name].read_text())
    routes = {route.key: route.function for route in template().routes()}

    assert routes[event["routeKey"]] == function_of(name)
    assert event["requestContext"]["routeKey"] == event["routeKey"]
    assert event["requestContext"]["http"]["path"] == event["rawPath"]
