"""The built functions under Lambda's own emulator and runtime client: a process each, as Lambda has them.

The emulator is part of SAM CLI, where it is put into containers: https://github.com/aws/aws-lambda-runtime-interface-emulator.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from local.sam import environments, here
from local.serving import HOST
from local.template import Function
from tests.conftest import ROOT, template
from tests.waiting import until

PYTHON = ROOT / ".venv-runtime" / "bin" / "python"
START_SECONDS = 20
END_SECONDS = 10


def emulator() -> Path:
    """The emulator for this machine. Skips the test where there is none, or nothing to run in it."""
    found = sorted(ROOT.glob(f".venv-sam/lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-{here()}"))
    if sys.platform != "linux":
        pytest.skip("Lambda's emulator is a program for Linux")
    if not found:
        pytest.skip("SAM CLI, which brings Lambda's emulator, is not set up: make check does it")
    if not PYTHON.exists():
        pytest.skip("Lambda's runtime client is not set up: make test does it where there is Python 3.13")
    return found[0]


class Ended(RuntimeError):
    """The emulators are closed: what is asked for now is asked too late."""


@dataclass(slots=True)
class Process:
    """One function's emulator. Takes one invocation at a time, as Lambda's environments do."""

    started: "subprocess.Popen[bytes]"
    url: str
    one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def invoke(self, event: Any) -> Any:
        with self.one_at_a_time, requests.Session() as session:
            session.trust_env = False
            answer = session.post(f"{self.url}/2015-03-31/functions/function/invocations", json=event, timeout=60)
        result = answer.json()
        if isinstance(result, dict) and "errorType" in result:
            raise type(result["errorType"], (Exception,), {})(result["errorMessage"])
        return result

    def close(self) -> None:
        """The emulator ends its function with itself."""
        self.started.send_signal(signal.SIGTERM)
        self.started.wait(END_SECONDS)


class Emulated:
    """All functions of a build. Each starts when it is first invoked, with the environment of the stack that runs then.

    `logs`: where each leaves what it printed, `{function}.log`.
    """

    def __init__(self, functions: Mapping[str, Function], build: Path, logs: Path) -> None:
        self._functions = functions
        self._build = build
        self._logs = logs
        self._running: dict[str, Process] = {}
        self._closed = False
        self._starting = threading.Lock()

    def invoke(self, name: str, event: Any) -> Any:
        """The function's result. Raises what it raised, by an error of the same name."""
        with self._starting:
            if self._closed:
                raise Ended
            if name not in self._running:
                self._running[name] = self._start(self._functions[name])
        return self._running[name].invoke(event)

    def close(self) -> None:
        with self._starting:
            self._closed = True
            for process in self._running.values():
                process.close()

    def _start(self, function: Function) -> Process:
        own = {
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout),
        }
        given = environments(template())[function.name]
        return start(self._build / function.name, given | own, free_port(), self._logs / f"{function.name}.log")


def start(built: Path, environment: Mapping[str, str], port: int, log: Path) -> Process:
    """Run one built function in the emulator, on a port. The layer is the one beside it."""
    layer = built.parent / "LumeoLayer"
    # /opt is not ours to write: the layer stays where it was built.
    moved = {"CATALOGUE_FILE": environment["CATALOGUE_FILE"].replace("/opt", str(layer), 1)}
    command: list[str | Path] = [
        *(emulator(), "--runtime-interface-emulator-address", f"{HOST}:{port}"),
        *("--runtime-api-address", f"{HOST}:{free_port()}"),
        *(PYTHON, "-m", "awslambdaric", "app.handler"),
    ]
    with log.open("wb") as output:
        started = subprocess.Popen(
            command,
            cwd=built,
            env={**environment, **moved, "PYTHONPATH": str(layer / "python")},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    _await(started, port, log)
    return Process(started, f"http://{HOST}:{port}")


def free_port() -> int:
    with socket.create_server((HOST, 0)) as found:
        port: int = found.getsockname()[1]
        return port


def _await(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    """Return once it listens."""
    until(lambda: listens(port) or process.poll() is not None, bool, START_SECONDS)
    assert process.poll() is None, log.read_text()


def listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex((HOST, port)) == 0


def family(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    found = [int(one) for path in Path(f"/proc/{pid}/task").glob("*/children") for one in path.read_text().split()]
    return found + [one for child in found for one in family(child)]


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
