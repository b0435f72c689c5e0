"""The sample events in `events/`: what they name, what comes before each, and what it is answered.

`python -m tests.samples` puts what they name into the stack that `make run` keeps up, see docs/sam-local.md.
"""

import hashlib
import json
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local import HOME
from local.environment import variables
from local.simulator.models import MODELS
from lumeo import aws, clock, settings
from lumeo.announcing import EVENTS
from lumeo.files import File, files, shelf
from lumeo.items import pack
from lumeo.prediction import Document, Subscriber
from lumeo.signatures import caller_secret
from lumeo.store import due, store
from tests.conftest import MASTER, ROOT
from tests.unit.make import prediction

SAMPLES = {path.stem: path for path in sorted((ROOT / "events").glob("*.json"))}
KEY = "lum_example-key-example-key-example-key-example"
ID = "01kbd8x5v0t6z3c9q4m7n2r8wk"
FILE = "01kbd8y2m4e7h1j5p8s3v6x9az"
NOWHERE = "http://127.0.0.1:9"
"""Where the caller wants to be told, and nobody listens."""


def function_of(event: str) -> str:
    return f"{event.partition('_')[0].capitalize()}Function"


def said(result: dict[str, Any]) -> dict[str, Any]:
    """A function's result, with the fields of the JSON in its body; what goes as bytes has none."""
    body = "" if result.get("isBase64Encoded") else result.get("body")
    found: dict[str, Any] = json.loads(body or "{}")
    return result | found


def answers(public: str, outputs: str) -> dict[str, dict[str, Any]]:
    """What each event is answered with: fields of the result, or of the JSON in its body.

    `public` and `outputs`: our own origin, and that of the CDN.
    """
    return {
        "announce_first_run": {"next": "Announce", "upstream_id": None},
        "announce_overtaken_run": {"next": "End"},
        "announce_start": {},
        "cancel_prediction": {"statusCode": 200, "status": "canceled"},
        "cancel_unknown_prediction": {"statusCode": 404, "status": 404},
        "create_first_run": {"next": "Status", "model": "sim/slow"},
        "create_overtaken_run": {"next": "End"},
        "delete_prediction": {"statusCode": 204},
        "delete_running_prediction": {"statusCode": 409, "title": "Conflict"},
        "files_download": {"statusCode": 302, "url": f"{outputs}/inputs/0123456789abcdef/corgi.png"},
        "files_file": {"statusCode": 200, "id": FILE, "name": "corgi.png"},
        "files_list": {"statusCode": 200, "next": None},
        "files_post": {"statusCode": 201, "name": "corgi.png", "size": 70, "metadata": {"of": "a corgi"}},
        "files_remove": {"statusCode": 204},
        "files_upload": {"statusCode": 201, "content_type": "video/mp4", "etag": ""},
        "finalize_first_run": {"next": "Announce"},
        "finalize_overtaken_run": {"next": "End"},
        "gallery_old_file": {"statusCode": 404, "title": "Not found"},
        "gallery_page": {"statusCode": 200, "isBase64Encoded": True},
        "gallery_prediction": {"statusCode": 200, "isBase64Encoded": True},
        "models_model": {"statusCode": 200, "owner": "sim", "name": "image"},
        "models_offered": {"statusCode": 200, "next": None, "previous": None},
        "models_version": {"statusCode": 200, "id": MODELS["sim/image"].version},
        "models_versions": {"statusCode": 200, "next": None},
        "read_filtered_list": {"statusCode": 200, "next": None},
        "read_list": {"statusCode": 200, "next": None},
        "read_openapi": {"statusCode": 200, "openapi": "3.1.0", "servers": [{"url": public}]},
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


def seed() -> None:
    """The key, the prediction and the file that the events name, in the table of the environment, as if new."""
    public = settings.public_url()
    assert public
    key = {"pk": f"key#{hashlib.sha256(KEY.encode()).hexdigest()}", "owner": "alice", "name": "example"}
    aws.dynamodb().put_item(TableName=settings.table_name(), Item=pack(key | {"made_at": "2026-11-21T10:00:00.000Z"}))
    aws.dynamodb().delete_item(TableName=settings.table_name(), Key=pack({"pk": f"prediction#{ID}"}))
    accepted = prediction(
        id=ID,
        caller="alice",
        # Status looks for seconds: it is not over by then.
        model="sim/slow",
        input=Document(json='{"prompt": "a corgi", "width": 16, "height": 16}'),
        base_url=public,
        outputs_id=secrets.token_hex(16),
        created_at=clock.stamp(),
        deadline=clock.later(3600),
        due_at=due(0),
        timeline={"accepted": clock.stamp()},
        subscriber=Subscriber(f"{NOWHERE}/hook", EVENTS),
    )
    store().accept(accepted)
    files().put(
        File(
            id=FILE,
            owner="alice",
            caller=shelf("alice"),
            created_at=accepted.created_at,
            expires_at=int(clock.now().timestamp()) + 3600,
            key="inputs/0123456789abcdef/corgi.png",
            name="corgi.png",
            content_type="image/png",
            size=70,
            metadata=Document(json="{}"),
        )
    )


def comes_before(
    name: str, step: Callable[[str, str], Any], cancel: Callable[[str], Any], passes: Callable[[float], Any]
) -> None:
    """Bring the prediction to where an event finds it, by tasks of the state machine and calls of the API."""
    if name.startswith(("status", "finalize")):
        step("Create", ID)
    if name == "finalize_first_run":
        passes(60)
        step("Status", ID)
    if name in {"announce_first_run", "delete_prediction"}:
        cancel(ID)


def main(folder: Path = HOME) -> None:
    """Seed the stack whose files are in a folder."""
    endpoint = json.loads((folder / "ready.json").read_text())["aws_endpoint_url"]
    given = json.loads((folder / "env.json").read_text())["SubmitFunction"]
    with variables(given | {"AWS_ENDPOINT_URL": endpoint}):
        seed()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
