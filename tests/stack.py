"""The stack that end-to-end tests share: `python -m local --tls` as a process of its own, known by its ready file."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from lumeo.keys import Keys
from tests.waiting import until

ROOT = Path(__file__).parent.parent
START_SECONDS = 60
END_SECONDS = 60
TERMINAL = {"succeeded", "failed", "canceled"}


class Caller:
    """One caller of the API, with a key of its own."""

    def __init__(self, stack: "Stack", name: str) -> None:
        self.name = name
        self.key = Keys(stack.client("dynamodb"), stack.ready["table_name"]).create(name, "test")
        self._api = stack.ready["api_url"]
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = stack.ready["ca_bundle"]
        self.session.headers["Authorization"] = f"Bearer {self.key}"

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, path if "://" in path else self._api + path, timeout=40, **options)

    def submit(self, model: str, headers: dict[str, str] | None = None, **inputs: Any) -> dict[str, Any]:
        answer = self.call("POST", f"/models/{model}/predictions", json={"input": inputs}, headers=headers)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def get(self, prediction_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/predictions/{prediction_id}").json()
        return found

    def ended(self, prediction_id: str, seconds: float = 30) -> dict[str, Any]:
        """The prediction once it is over."""
        found: dict[str, Any] = until(lambda: self.get(prediction_id), lambda seen: seen["status"] in TERMINAL, seconds)
        return found


class Stack:
    """The running stack, as its ready file describes it."""

    def __init__(self, ready: dict[str, Any], log: Path | None = None) -> None:
        self.ready = ready
        self.log = log
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()

    def client(self, service: str) -> Any:
        """A client of one of moto's services, for all threads: using one is safe in each, making one is not."""
        make: Any = boto3.client
        with self._making:
            if service not in self._clients:
                self._clients[service] = make(
                    service,
                    endpoint_url=self.ready["aws_endpoint_url"],
                    region_name="us-east-1",
                    aws_access_key_id="test",
                    aws_secret_access_key="test",
                )
            return self._clients[service]

    def simulator(self, path: str, **parameters: str) -> Any:
        """What the simulator's own side says, see its README."""
        return requests.get(f"{self.ready['simulator_url']}/_sim/{path}", params=parameters, timeout=10).json()

    def fault(self, **declared: Any) -> None:
        """Have the simulator do something wrong, see its README."""
        answer = requests.post(f"{self.ready['simulator_url']}/_sim/faults", json=declared, timeout=10)
        assert answer.status_code == 200, answer.text

    def execution(self, prediction_id: str) -> str:
        machine: str = self.ready["state_machine_arn"]
        return f"{machine.replace(':stateMachine:', ':execution:')}:{prediction_id}"

    def history(self, prediction_id: str) -> list[dict[str, Any]]:
        client = self.client("stepfunctions")
        events: list[dict[str, Any]] = client.get_execution_history(executionArn=self.execution(prediction_id))[
            "events"
        ]
        return events

    def run_status(self, prediction_id: str) -> str:
        found = self.client("stepfunctions").describe_execution(executionArn=self.execution(prediction_id))
        status: str = found["status"]
        return status

    def record(self, prediction_id: str) -> dict[str, Any]:
        answer = self.client("dynamodb").get_item(
            TableName=self.ready["table_name"], Key={"pk": {"S": f"prediction#{prediction_id}"}}
        )
        item: dict[str, Any] = answer["Item"]
        return item


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    ready_file = folder / "ready.json"
    with (folder / "output").open("w+") as output:
        command = [sys.executable, "-m", "local", "--port", "0", "--tls", "--contract", "--ready-file", str(ready_file)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        end = time.monotonic() + START_SECONDS
        while not ready_file.exists():
            alive = process.poll() is None and time.monotonic() < end
            assert alive, (folder / "output").read_text()
            time.sleep(0.05)
        yield Stack(json.loads(ready_file.read_text()), folder / "lumeo.log")
        process.send_signal(signal.SIGTERM)
        ended = process.wait(timeout=END_SECONDS)
    assert ended == 0, (folder / "output").read_text()
    broken = [line for line in (folder / "lumeo.log").read_text().splitlines() if '"the contract is broken"' in line]
    assert broken == []
    assert not ready_file.exists()


@pytest.fixture
def caller(stack: Stack, request: pytest.FixtureRequest) -> Iterator[Caller]:
    """A caller of this test alone."""
    found = Caller(stack, f"test-{abs(hash(request.node.nodeid))}"[:40])
    with found.session:
        yield found
