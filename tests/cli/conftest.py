"""The command line in this process, as one caller of the running stack has it; and as it is installed."""

import io
import json
import os
import subprocess
import sys
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.__main__ import main
from tests.stack import Caller, Stack

INSTALLED = Path(sys.executable).with_name("lumeo")


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The JSON documents, line by line."""
        return [json.loads(line) for line in self.out.splitlines()]


Lumeo = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a Lumeo nor an account of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith(("LUMEO_", "AWS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """What the browser was told to open is in this file, once it was told something."""
    command, told = tmp_path / "browser", tmp_path / "told"
    command.write_text(f'#!/bin/sh\nprintf %s "$1" >> {told}\n')
    command.chmod(0o700)
    monkeypatch.setenv("BROWSER", str(command))
    # It is looked for but once in a process.
    monkeypatch.setattr(webbrowser, "_tryorder", None)
    return told


@pytest.fixture
def bare(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Lumeo:
    """Runs a command that is told nothing of where Lumeo is."""

    def run(*arguments: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        try:
            code = main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run


@pytest.fixture
def ready(stack: Stack, caller: Caller, tmp_path: Path) -> Path:
    """The stack's ready file, with the key of this test's own caller."""
    path = tmp_path / "ready.json"
    path.write_text(json.dumps({**stack.ready, "api_key": caller.key}))
    return path


@pytest.fixture
def lumeo(bare: Lumeo, ready: Path) -> Lumeo:
    """Runs a command against the stack, as this test's caller."""
    return lambda *arguments, **more: bare(*arguments, "--ready-file", str(ready), **more)


def installed(*arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    """The command that people type, in a process of its own."""
    return subprocess.run(
        [str(INSTALLED), *arguments], capture_output=True, text=True, timeout=60, check=False, **options
    )
