"""One client in a process of its own, told what to do line by line."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.clients.clients import ROOT, Client

POLL_INTERVAL = "0.2"
"""Seconds between two looks of those that can be told."""


class Raised(Exception):
    """What a client raised: its class's name, its message, and its HTTP status if it has one."""

    def __init__(self, name: str, message: str, status: Any) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message
        self.status = status


class Lane:
    """A running client. One command at a time."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def do(self, command: str, **asked: Any) -> Any:
        """What the client returned. Raises Raised for what it raised."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"do": command, **asked}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "raised" in answer:
            raise Raised(**answer["raised"])
        return answer["returned"]


@contextmanager
def running(client: Client, trust: Path, scratch: Path) -> Iterator[Lane]:
    """A client's process, which trusts these certificates and knows of no proxy."""
    assert (ROOT / client.set_up).exists(), f"make {client.set_up}"
    environment = {
        "PATH": os.environ["PATH"],
        "TMPDIR": str(scratch),
        "SSL_CERT_FILE": str(trust),
        "NODE_EXTRA_CA_CERTS": str(trust),
        "REPLICATE_POLL_INTERVAL": POLL_INTERVAL,
    }
    process = subprocess.Popen(
        client.command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        try:
            yield Lane(process)
        finally:
            process.kill()
