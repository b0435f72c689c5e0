"""The commands that a newcomer types."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.stack import ROOT, Stack


def python(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.fixture(scope="module")
def demo() -> "subprocess.CompletedProcess[str]":
    return python("local.demo", "--prompt", "a test")


def steady(line: str) -> str:
    """A line without what differs each time."""
    return re.sub(r" +", " ", re.sub(r"\b01m\w+|\b[0-9a-f]{32}\b|\d[\d.,]*", "…", line)).rstrip()


def test_demo_saves_a_picture_and_shows_the_run(demo: "subprocess.CompletedProcess[str]") -> None:
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "succeeded" in demo.stdout
    assert re.search(r"Finalize +\d\.\d\d s", demo.stdout)
    assert re.search(r"URL +http://127\.0\.0\.1:\d+/outputs/[0-9a-f]{32}/0\.png", demo.stdout)
    saved = re.search(r"Saved +(\S+)", demo.stdout)
    assert saved
    with Image.open(ROOT / saved[1]) as picture:
        assert (picture.format, picture.size) == ("PNG", (512, 512))


def test_demo_says_what_the_readme_shows(demo: "subprocess.CompletedProcess[str]") -> None:
    (shown,) = re.findall(r"^```\n\$ make demo\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    # A bar is drawn on terminals only, and how often it looks while it waits is chance.
    lines = [line for line in shown.splitlines() if "━" not in line and not re.match(r" +[\d.]+ s  starting", line)]

    assert {steady(line) for line in lines} <= {steady(line) for line in demo.stdout.splitlines()}


def test_demo_of_a_model_that_fails_says_so() -> None:
    ended = python("local.demo", "--model", "sim/nsfw")

    assert ended.returncode == 1
    assert "This content was rejected." in ended.stdout


def test_key_for_the_running_stack(stack: Stack, tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    ready.write_text(json.dumps(stack.ready))
    ended = python("local.key", "--caller", "alice", "--ready-file", str(ready))

    assert re.fullmatch(r"lum_[\w-]{43}\n", ended.stdout)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["--caller", "alice", "--ready-file", "/nowhere/ready.json"], "make run", id="nothing runs"),
        pytest.param(["--caller", "not a name", "--ready-file", "{ready}"], "not a caller's name", id="bad name"),
    ],
)
def test_key_that_cannot_be_made_says_why(stack: Stack, tmp_path: Path, arguments: list[str], says: str) -> None:
    ready = tmp_path / "ready.json"
    ready.write_text(json.dumps(stack.ready))
    ended = python("local.key", *(argument.format(ready=ready) for argument in arguments))

    assert ended.returncode == 2
    assert says in ended.stderr
    assert ended.stdout == ""


@pytest.mark.parametrize("upstream", ["replicate", "Simulator"])
def test_the_real_replicate_needs_to_be_asked_for_with_a_token(tmp_path: Path, upstream: str) -> None:
    environment = {"UPSTREAM": upstream, "REPLICATE_API_TOKEN": "" if upstream == "replicate" else "r8_x"}
    ended = python("local", "--port", "0", "--ready-file", str(tmp_path / "ready.json"), environment=environment)

    assert ended.returncode == 2
    assert "replicate" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_taken_port_is_said_so(stack: Stack, tmp_path: Path) -> None:
    port = stack.ready["aws_endpoint_url"].rpartition(":")[2]
    theirs, log = tmp_path / "ready.json", tmp_path / "lumeo.log"
    theirs.write_text("{}")
    log.write_text("theirs")
    ended = python("local", "--port", port, "--ready-file", str(theirs))

    assert ended.returncode == 1
    assert (theirs.read_text(), log.read_text()) == ("{}", "theirs"), "the stack that has the port goes on"
    assert f"Port {port} is in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_ctrl_c_ends_it_cleanly(tmp_path: Path) -> None:
    ready = tmp_path / "a folder" / "that is not there" / "ready.json"
    command = [sys.executable, "-m", "local", "--port", "0", "--ready-file", str(ready)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        while "curl" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)

    assert (process.returncode, errors) == (0, "")
    assert not ready.exists()


@pytest.mark.parametrize("command", ["local", "local.demo", "local.key", "local.simulator"])
def test_help_tells_what_there_is(command: str) -> None:
    ended = python(command, "--help")

    assert ended.returncode == 0
    assert "usage:" in ended.stdout
