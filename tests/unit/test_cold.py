"""What a function loads: whoever runs Replicate's models alone pays for nothing that reads declarations."""

import ast
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
import urllib3
from aws_lambda_powertools.utilities.parameters import base

from local.functions import Functions
from local.gateway import Gateway
from lumeo import signatures
from lumeo.keys import keys
from tests.conftest import MASTER, TOKEN, template
from tests.integration.driver import http_request

ROOT = Path(__file__).parents[2]
PROVIDERS_FOLDER = ROOT / "layers" / "lumeo" / "lumeo" / "providers"
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))
OURS = {"__init__", "base", "answers", "http", "replicate", "replicate_words"}
"""What Replicate needs of that folder."""
LATE = {f"lumeo.providers.{path.stem}" for path in PROVIDERS_FOLDER.glob("*.py") if path.stem not in OURS}
LATE |= {"yaml", "nacl", "lumeo.batches"}
NAMED = {
    f"lumeo.providers.{name}"
    for name in (
        *("declared", "loading", "expressions", "templates", "grammar", "sheet", "checks", "yaml_lines"),
        *("hearing", "fal", "reading"),
    )
}

LOADED = """
import importlib, json, os, sys
import boto3
found = {"boto3": [*sys.modules]}
for name in json.loads(sys.argv[1]):
    read, write = os.pipe()
    if os.fork() == 0:
        os.close(read)
        importlib.import_module(f"functions.{name}.app")
        with os.fdopen(write, "w") as told:
            # What has no spec is no module of anybody's: compiled ones leave such things behind.
            json.dump([name for name, module in sys.modules.items() if getattr(module, "__spec__", None)], told)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as told:
        found[name] = json.load(told)
    os.wait()
print(json.dumps(found))
"""
"""Each function in a process of its own, which has what boto3 brings."""

BY_ALL = {"aws_lambda_powertools", "typing_extensions"}
CALLS_OUT = {"idna", "requests"}
PROVIDERS = CALLS_OUT | {"lumeo.providers"}
LOADS = {
    "announce": CALLS_OUT,
    "cancel": PROVIDERS,
    "create": PROVIDERS,
    "delete": set[str](),
    "files": {"lumeo.files", "lumeo.forms", "lumeo.media", "multipart"},
    "finalize": PROVIDERS | {"lumeo.media", "lumeo.outputs"},
    "gallery": set[str](),
    "models": PROVIDERS | {"tomllib"},
    "read": set[str](),
    "status": PROVIDERS,
    "submit": {"tomllib"},
    "sweep": set[str](),
    "webhook": PROVIDERS,
}
"""What a function begins with besides boto3: every package of others, and of the rest what is in `WATCHED`."""
WATCHED = {
    *("asyncio", "ctypes", "sqlite3", "tomllib", "unittest", "zipfile"),
    *(f"aws_lambda_powertools.{name}" for name in ("event_handler", "utilities.data_classes")),
    *(f"lumeo.{name}" for name in ("batches", "files", "forms", "media", "outputs", "providers", "schemas")),
}


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    """What is loaded once a function is, by its name; and by boto3 alone."""
    path = f"{ROOT}:{ROOT / 'layers' / 'lumeo'}"
    lambdas = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_LAMBDA_FUNCTION_NAME": "lumeo-dev-create"}
    done = subprocess.run(
        [sys.executable, "-c", LOADED, json.dumps(FUNCTIONS)],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path, **lambdas},
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return {name: set(modules) for name, modules in json.loads(done.stdout).items()}


def test_there_is_something_to_load() -> None:
    assert NAMED < LATE
    assert all((PROVIDERS_FOLDER / f"{name}.py").is_file() for name in OURS)
    assert len(FUNCTIONS) >= 12


def test_no_function_begins_with_it(loaded: dict[str, set[str]]) -> None:
    assert {name: loaded[name] & LATE for name in FUNCTIONS} == {name: set() for name in FUNCTIONS}
    # It would be found, if it was there.
    assert "lumeo.providers.replicate" in loaded["create"] & loaded["status"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_begins_with_what_it_needs_alone(loaded: dict[str, set[str]], name: str) -> None:
    """By names, not by time: whoever adds to them adds to every cold start of that function."""
    more = loaded[name] - loaded["boto3"]
    packages = {module.partition(".")[0] for module in more if not module.startswith("_")}
    ours = set(sys.stdlib_module_names) | {"lumeo", "functions", *(each.partition(".")[0] for each in loaded["boto3"])}

    assert packages - ours | more & WATCHED == BY_ALL | LOADS[name], f"{name} loads something else than it did"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_begins_with_ours(name: str) -> None:
    """So that no garbage is looked for in what it loads."""
    body = ast.parse((ROOT / "functions" / name / "app.py").read_text()).body
    modules = [node.module or "" for node in body if isinstance(node, ast.ImportFrom)]
    loaded = [module for module in modules if module.partition(".")[0] not in sys.stdlib_module_names]

    assert not any(isinstance(node, ast.Import) for node in body)
    assert loaded[0].partition(".")[0] == "lumeo"


class Replicate:
    """Replicate, and a declared provider, as far as one run needs them."""

    def __init__(self) -> None:
        self.status = "processing"
        self.submitted = 0

    def answer(self, pool: Any, method: str, url: str, **_: Any) -> urllib3.HTTPResponse:
        path = urlsplit(url).path
        self.submitted += path.endswith("/predictions")
        said: Any = {
            "id": f"upstream{self.submitted}",
            "status": self.status,
            "output": ["a ", "text", "data:text/plain;base64,aGk="],
        }
        if path.endswith("/secret"):
            said = {"key": SIGNING}
        elif pool.host == "queue.fal.run":
            said = {"request_id": "fal1", "status": "IN_PROGRESS"}
            said |= {f"{name}_url": f"https://queue.fal.run/x/{name}" for name in ("status", "response", "cancel")}
        elif pool.host != "api.replicate.com":
            said = {}
        content = BytesIO(json.dumps(said).encode())
        return urllib3.HTTPResponse(content, {}, 200, preload_content=False, request_method=method)


SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def of(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.fixture
def replicate(monkeypatch: pytest.MonkeyPatch) -> Replicate:
    found = Replicate()

    def urlopen(pool: Any, method: str, url: str, **options: Any) -> urllib3.HTTPResponse:
        return found.answer(pool, method, url, **options)

    monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", urlopen)
    return found


class Machine:
    """The functions as Lambda starts them: nothing of ours is loaded before."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.functions = Functions(template().functions())
        self.gateway = Gateway(template().routes(), self.functions)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {self.key}", **headers}
        content = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        answer = self.gateway.answer(http_request(method, path, content, sent))
        assert answer.status_code < 300, answer.get_data(as_text=True)
        return json.loads(answer.get_data() or b"null")

    def step(self, state: str, prediction_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.functions.invoke(f"{state}Function", {"id": prediction_id, "run": prediction_id})
        return answer

    @property
    def late(self) -> set[str]:
        """What was loaded of what may wait."""
        return set(sys.modules) & LATE


@pytest.fixture
def machine(cloud: dict[str, str], replicate: Replicate) -> Iterator[Machine]:
    accounts = {"replicate": {"default": TOKEN}, "fal": {"default": "fal-key-0123456789"}}
    boto3.client("secretsmanager").put_secret_value(
        SecretId=os.environ["PROVIDER_SECRET"], SecretString=json.dumps(accounts)
    )
    key = keys().create("alice", "a test")
    # Everything is read before: what reads the template needs YAML, as moto does.
    template().functions(), template().routes(), template().definition()
    kept = dict(sys.modules)
    _forget()
    base.clear_caches()  # type: ignore[no-untyped-call]
    yield Machine(key)
    _forget()
    sys.modules.update(kept)
    base.clear_caches()  # type: ignore[no-untyped-call]


def _forget() -> None:
    """What is compiled stays: it cannot be loaded twice."""
    ours = [name for name in sys.modules if of(name, "lumeo", "functions", "nacl") and not name.endswith("._sodium")]
    for name in [*ours, "yaml"]:
        sys.modules.pop(name, None)


def test_a_whole_prediction_of_replicates_needs_nothing_of_it(machine: Machine, replicate: Replicate) -> None:
    """Accepted, submitted, called back, looked at, stored, told, read, listed; another one canceled and deleted."""
    made = machine.call("POST", "/v1/models/acme/fast/predictions", {"input": {"prompt": "a corgi"}})["id"]
    assert machine.step("Create", made)["next"] == "Status"
    assert machine.step("Status", made)["next"] == "Status"
    hook(machine, "replicate", made)
    replicate.status = "succeeded"
    assert machine.step("Status", made)["next"] == "Finalize"
    assert machine.step("Finalize", made)["next"] in {"Announce", "End"}
    machine.step("Announce", made)
    shown = machine.call("GET", f"/v1/predictions/{made}")
    machine.call("GET", "/v1/predictions")
    replicate.status = "processing"
    other = machine.call("POST", "/v1/models/acme/fast/predictions", {"input": {"prompt": "a corgi"}})["id"]
    machine.step("Create", other)
    replicate.status = "canceled"
    assert machine.call("POST", f"/v1/predictions/{other}/cancel")["status"] == "canceled"
    machine.call("DELETE", f"/v1/predictions/{other}")
    machine.functions.invoke("SweepFunction", {"source": "aws.events", "detail-type": "Scheduled Event"})

    assert (shown["status"], shown["output"][:2], machine.late) == ("succeeded", ["a ", "text"], set())


def hook(machine: Machine, provider: str, prediction_id: str) -> None:
    """The provider's call of our webhook, signed as Replicate signs."""
    token = signatures.hook_token(MASTER.encode(), provider, prediction_id)
    body, at = b'{"id": "upstream1", "status": "processing"}', str(int(time.time()))
    headers = {
        "webhook-id": "m1",
        "webhook-timestamp": at,
        "webhook-signature": signatures.sign(SIGNING, "m1", at, body),
    }
    machine.call("POST", f"/v1/hooks/{provider}/{prediction_id}/{token}", body, **headers)


def test_a_declared_provider_does_need_it(machine: Machine) -> None:
    """So that the test above can fail."""
    assert machine.late == set()

    body = {"provider": "fal", "model": "fal-ai/flux/dev", "input": {"prompt": "a corgi"}}
    made = machine.call("POST", "/v1/predictions", body)["id"]

    # Ed25519 and the items of batches are for those who need them.
    assert machine.late == LATE - {"nacl", "lumeo.batches", "lumeo.providers.fal"}
    assert machine.step("Create", made)["next"] == "Status"
    assert machine.late == LATE - {"nacl", "lumeo.batches", "lumeo.providers.fal"}


def test_whoever_asks_for_items_needs_what_reads_them(machine: Machine) -> None:
    made = machine.call("POST", "/v1/models/acme/fast/predictions", {"input": {"prompt": "a corgi"}})["id"]

    with pytest.raises(AssertionError, match=r"Not found|Conflict"):
        machine.call("GET", f"/v1/predictions/{made}/items")
    assert "lumeo.batches" in machine.late


def test_whoever_is_called_by_fal_needs_its_keys(machine: Machine) -> None:
    body = {"provider": "fal", "model": "fal-ai/flux/dev", "input": {"prompt": "a corgi"}}
    made = machine.call("POST", "/v1/predictions", body)["id"]
    machine.step("Create", made)

    with pytest.raises(AssertionError, match="signature"):
        hook(machine, "fal", made)
    assert {"nacl", "lumeo.providers.fal"} <= machine.late
