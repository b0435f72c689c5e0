"""What a prediction looks like on its way: the fields of each status, as Replicate shows them."""

import hashlib
import re
from itertools import pairwise
from typing import Any

import pytest

from tests.simulator.caller import Caller, HandClock

ALWAYS = {
    "id",
    "model",
    "version",
    "input",
    "logs",
    "output",
    "data_removed",
    "error",
    "source",
    "status",
    "created_at",
    "urls",
}
VERSION = hashlib.sha256(b"sim/image").hexdigest()


def test_a_new_prediction_has_todays_required_fields(sim: Caller) -> None:
    body = sim.created("sim/image", {"prompt": "a corgi", "seed": 7})

    assert re.fullmatch(r"[0-9a-z]{26}", body["id"])
    assert body == {
        "id": body["id"],
        "model": "sim/image",
        "version": VERSION,
        "input": {"prompt": "a corgi", "seed": 7},
        "logs": "",
        "output": None,
        "data_removed": False,
        "error": None,
        "source": "api",
        "status": "starting",
        "created_at": "2026-04-22T11:15:15.329Z",
        "urls": {
            "get": f"{sim.url}/v1/predictions/{body['id']}",
            "cancel": f"{sim.url}/v1/predictions/{body['id']}/cancel",
            "web": f"https://replicate.com/p/{body['id']}",
        },
    }


def test_a_processing_prediction_has_begun(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/image")
    clock.sleep(0.5)

    body = sim.read(created)

    assert set(body) == {*ALWAYS, "started_at"}
    assert body["status"] == "processing"
    assert body["started_at"] == "2026-04-22T11:15:15.629000Z"


def test_a_succeeded_prediction_has_output_and_metrics(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/image")
    clock.sleep(2.3)

    body = sim.read(created)

    assert set(body) == {*ALWAYS, "started_at", "completed_at", "metrics"}
    assert body["status"] == "succeeded"
    assert body["output"] == [f"{sim.url}/files/{created['id']}/0.png"]
    assert body["completed_at"] == "2026-04-22T11:15:17.629000Z"
    assert body["metrics"] == {"predict_time": 2.0, "total_time": 2.3, "image_count": 1}


def test_a_failed_prediction_has_an_error_and_no_output(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/nsfw")
    clock.sleep(0.5)

    body = sim.read(created)

    assert (body["status"], body["output"]) == ("failed", None)
    assert "NSFW" in body["error"]


def test_no_status_is_ever_left_again(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/slow")
    seen = []
    for _ in range(80):
        seen.append(sim.read(created)["status"])
        clock.sleep(0.1)

    assert list(dict.fromkeys(seen)) == ["starting", "processing", "succeeded"]
    assert seen == sorted(seen, key=["starting", "processing", "succeeded"].index)


def test_logs_grow_while_the_run_is_processing(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/slow", {"prompt": "a corgi", "seed": 42069})
    logs = []
    for seconds in (1, 0.9, 3, 1.1):
        clock.sleep(seconds)
        logs.append(sim.read(created)["logs"])

    assert logs[0] == "Using seed: 42069\n  0%|          | 0/50 [00:00<?, ?it/s]\n"
    assert logs[1].splitlines()[-1] == " 18%|#8        | 9/50 [00:00<00:04, 10.00it/s]"
    assert logs[3].splitlines()[-1] == "100%|##########| 50/50 [00:05<00:00, 10.00it/s]"
    assert all(later.startswith(earlier) for earlier, later in pairwise(logs))


@pytest.mark.parametrize("version", [VERSION, f"sim/image:{VERSION}", "sim/image"], ids=["hex", "name:hex", "name"])
def test_a_version_names_its_model(sim: Caller, version: str) -> None:
    answer = sim.post("/v1/predictions", json={"version": version, "input": {"prompt": "a corgi"}})

    assert answer.status_code == 201
    assert (answer.json()["model"], answer.json()["version"]) == ("sim/image", VERSION)


def test_a_deployment_runs_its_model(sim: Caller) -> None:
    answer = sim.post("/v1/deployments/sim/deployment/predictions", json={"input": {"prompt": "a corgi"}})

    assert answer.status_code == 201
    assert (answer.json()["model"], answer.json()["deployment"]) == ("sim/image", "sim/deployment")


def test_a_webhook_is_kept_and_shown(sim: Caller) -> None:
    webhook = {"webhook": "https://example.com/hook", "webhook_events_filter": ["completed"]}

    answer = sim.post("/v1/predictions", json={"version": "sim/image", "input": {"prompt": "a corgi"}, **webhook})

    assert webhook.items() <= sim.read(answer.json()).items()


def test_every_answer_tells_the_rate_limit(sim: Caller) -> None:
    answers = [sim.create("sim/image"), sim.get("/v1/predictions"), sim.get("/v1/nowhere")]

    assert all({"ratelimit-remaining", "ratelimit-reset"} <= set(answer.headers) for answer in answers)


def test_models_and_versions_carry_their_schema(sim: Caller) -> None:
    model: dict[str, Any] = sim.get("/v1/models/sim/tokens").json()
    versions = sim.get("/v1/models/sim/tokens/versions").json()
    version = sim.get(f"/v1/models/sim/tokens/versions/{model['latest_version']['id']}").json()

    assert {"url", "owner", "name", "visibility", "run_count", "default_example"} <= set(model)
    assert versions == {"next": None, "previous": None, "results": [version]}
    assert version["openapi_schema"]["components"]["schemas"]["Output"]["x-cog-array-type"] == "iterator"
    assert isinstance(version["cog_version"], str)


def test_a_model_counts_its_runs(sim: Caller) -> None:
    sim.created("sim/one")
    sim.created("sim/image")

    assert sim.get("/v1/models/sim/one").json()["run_count"] == 1


def test_there_is_an_account(sim: Caller) -> None:
    assert {"type", "username"} <= set(sim.get("/v1/account").json())
