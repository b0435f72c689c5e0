"""The fixtures are what the providers' own SDKs read, as far as these have types or code: `sdks.py` asks them."""

import copy
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.providers.sdks import BEYOND

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SET_UP = ".venv-sdks/ready"
PROVIDERS = ("anthropic", "fal", "openai", "runpod", "together_batch", "together_queue", "together_video")

Check = dict[str, Any]

BREAKS: tuple[tuple[str, str, str, tuple[str, ...], Any], ...] = (
    # provider, state, call, where in the fixture, what stands there then: None for nothing at all
    ("anthropic", "running", "status", ("states", "running", "status", "json", "processing_status"), "running"),
    ("anthropic", "succeeded", "status", ("states", "succeeded", "status", "json", "expires_at"), None),
    ("anthropic", "canceled", "status", ("states", "canceled", "status", "json", "results"), "a field of our own"),
    ("anthropic", "unknown", "status", ("states", "unknown", "status", "json", "processing_status"), "ended"),
    ("anthropic", "refused_submit.0", "submit", ("refused_submit", "0", "json", "error", "type"), "invalid"),
    ("anthropic", "refused_submit.3", "submit", ("refused_submit", "3", "json", "error", "type"), "api_error"),
    ("anthropic", "results 0", "line", ("files", "results", "jsonl", "0", "result", "type"), "done"),
    ("anthropic", "results 1", "line", ("files", "results", "jsonl", "1", "result", "message", "usage"), None),
    ("fal", "answers", "submit", ("answers", "submit", "json", "cancel_url"), None),
    ("fal", "waiting", "status", ("states", "waiting", "status", "json", "queue_position"), "third"),
    ("fal", "running", "status", ("states", "running", "status", "json", "status"), "RUNNING"),
    ("fal", "succeeded", "status", ("states", "succeeded", "status", "json", "logs"), None),
    ("fal", "failed", "status", ("states", "failed", "status", "json", "status"), "IN_PROGRESS"),
    ("openai", "running", "status", ("states", "running", "status", "json", "status"), "running"),
    ("openai", "succeeded", "status", ("states", "succeeded", "status", "json", "output", "1", "content"), "Biscuit."),
    (
        "openai",
        "incomplete",
        "status",
        ("states", "incomplete", "status", "json", "incomplete_details", "reason"),
        "eos",
    ),
    ("openai", "failed", "status", ("states", "failed", "status", "json", "error", "code"), "internal"),
    ("openai", "expired", "status", ("states", "expired", "status", "json", "error", "type"), None),
    ("runpod", "answers", "submit", ("answers", "submit", "json", "id"), None),
    ("runpod", "running", "status", ("states", "running", "status", "json", "status"), "COMPLETED"),
    ("runpod", "canceled", "status", ("states", "canceled", "status", "json", "status"), "CANCELED"),
    ("runpod", "succeeded", "status", ("states", "succeeded", "status", "json", "output"), None),
    ("together_batch", "answers", "file", ("answers", "file", "json", "FileType"), "json"),
    ("together_batch", "answers", "submit", ("answers", "submit", "json", "job", "status"), "PENDING"),
    ("together_batch", "canceling", "status", ("states", "canceling", "status", "json", "status"), "CANCELLED"),
    ("together_batch", "failed", "status", ("states", "failed", "status", "json", "error"), {"message": "no text"}),
    ("together_queue", "answers", "submit", ("answers", "submit", "json", "requestId"), None),
    ("together_queue", "succeeded", "status", ("states", "succeeded", "status", "json", "outputs"), "a corgi"),
    ("together_video", "waiting", "status", ("states", "waiting", "status", "json", "model"), None),
    ("together_video", "failed", "status", ("states", "failed", "status", "json", "error", "message"), None),
)


def asked(fixtures: Mapping[str, Any]) -> list[Check]:
    """What the SDKs say to these fixtures."""
    python = Path(os.environ.get("LUMEO_SDKS_PYTHON", ROOT / ".venv-sdks" / "bin" / "python"))
    assert python.exists(), f"make {SET_UP}"
    command = [str(python), "-P", str(HERE / "sdks.py")]
    ran = subprocess.run(
        command, input=json.dumps(fixtures), capture_output=True, text=True, check=False, cwd=ROOT, timeout=100
    )
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def place(checked: Check) -> tuple[str, str, str]:
    """A line's state is the URL of its file and its number: the end of that is enough here."""
    return checked["provider"], checked["state"].rpartition("/")[2], checked["call"]


def faulty(checks: list[Check]) -> dict[tuple[str, str, str], str]:
    return {place(checked): checked["fault"] for checked in checks if checked["fault"]}


@pytest.fixture(scope="module")
def fixtures() -> dict[str, Any]:
    # By way of JSON, so that what YAML shares stands in each place by itself.
    return {name: json.loads(json.dumps(yaml.safe_load((HERE / f"{name}.yaml").read_text()))) for name in PROVIDERS}


@pytest.fixture(scope="module")
def checks(fixtures: dict[str, Any]) -> list[Check]:
    return asked(fixtures)


def test_every_answer_is_one_that_the_sdk_reads(checks: list[Check]) -> None:
    assert faulty(checks) == {}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_look_and_submission_is_read(provider: str, fixtures: dict[str, Any], checks: list[Check]) -> None:
    """An error body is left out where the SDK has nothing that reads it."""
    read = {place(checked) for checked in checks}
    states = {name: state for name, state in fixtures[provider]["states"].items() if not isinstance(state, str)}
    looks = {name for name, state in states.items() if "status" in state and state["status"].get("status", 200) < 400}

    assert {(provider, name, "status") for name in looks} <= read
    assert (provider, "answers", "submit") in read
    assert all(checked["type"] for checked in checks)


def test_what_is_let_pass_is_there(checks: list[Check]) -> None:
    assert set(BEYOND) <= {place(checked) for checked in checks}


def test_what_an_sdk_would_not_read_is_noticed(fixtures: dict[str, Any]) -> None:
    """Each break by itself, in one copy: a word that nobody has, a field that is missing or too many, another type."""
    broken = copy.deepcopy(fixtures)
    for provider, _, _, where, value in BREAKS:
        put(broken[provider], where, value)

    assert set(faulty(asked(broken))) == {(provider, state, call) for provider, state, call, _, _ in BREAKS}


def put(content: Any, where: tuple[str, ...], value: Any) -> None:
    """Write a value into the copy, or take out what stands there; a file is named by the end of its URL."""
    *steps, last = where
    for step in steps:
        if isinstance(content, list):
            content = content[int(step)]
        else:
            content = content[step] if step in content else next(content[url] for url in content if url.endswith(step))
    if value is None:
        del content[last]
    else:
        content[last] = value
