"""docs/providers.md: its table is what the declarations say, and its example is a provider that works."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.fixtures import read
from lumeo.providers.grammar import Declaration
from lumeo.providers.loading import parse
from tests.conftest import ROOT
from tests.providers.declared import NAMES, declaration
from tests.stack import Caller, Stack

PAGE = (ROOT / "docs" / "providers.md").read_text()
COPIED = ("docs", "events", "functions", "layers", "local", "statemachine", "tests")
VERIFIED = {"token": "by a secret URL", "hmac": "signed (HMAC)", "fal": "signed (Ed25519)"}


def example(path: str) -> str:
    """The block of the page that is that file."""
    found = re.search(rf"```yaml\n# {re.escape(path)}\n(.*?)```", PAGE, re.DOTALL)
    assert found, path
    return found[1]


DECLARED = "layers/lumeo/lumeo/providers/declarations/render.yaml"
PLAYED = "tests/providers/render.yaml"


def span(seconds: float) -> str:
    units = {"d": 86_400, "h": 3600, "min": 60, "s": 1}
    unit = next(unit for unit, size in units.items() if seconds % size == 0)
    return f"{seconds / units[unit]:.0f} {unit}"


def row(declared: Declaration) -> str:
    model, polling = declared.model, declared.polling
    named = "none" if model is None else f"`{model.example}`{' (may be left out)' if model.optional else ''}"
    cells = (
        f"`{declared.name}`",
        declared.title,
        named,
        f"{span(polling.first)} to {span(polling.cap)}",
        span(polling.deadline),
        span(polling.result_window),
        "yes" if declared.cancel else "no",
        VERIFIED[declared.webhook.verify] if declared.webhook else "none",
    )
    return f"| {' | '.join(cells)} |"


@pytest.mark.parametrize("name", NAMES)
def test_the_table_has_it(name: str) -> None:
    assert row(declaration(name)) in PAGE.splitlines()


def test_the_table_has_no_other() -> None:
    table = PAGE.partition("| `provider` | is |")[2].partition("\n\n")[0]

    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == NAMES


def test_the_example_can_be_read(tmp_path: Path) -> None:
    played = tmp_path / "render.yaml"
    played.write_text(example(PLAYED))

    assert parse(example(DECLARED), "render", DECLARED).title == "Render farm"
    assert read(played).input == {"scene": "kitchen"}


def test_its_requests_are_taken(stack: Stack) -> None:
    """By the stack of `make run`, where every provider but the example's is played."""
    caller = Caller(stack, "providers-page")
    first, last = re.findall(r"^```\n(curl .+?)^```", PAGE, re.MULTILINE | re.DOTALL)
    said = subprocess.run(
        ["/bin/bash", "-c", first],
        env={
            "PATH": os.environ["PATH"],
            "KEY": caller.key,
            "URL": stack.ready["api_url"].removesuffix("/v1"),
            "CURL_CA_BUNDLE": stack.ready["ca_bundle"],
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert (json.loads(said.stdout)["provider"], json.loads(said.stdout)["status"]) == ("fal", "starting")
    assert json.loads(shlex.split(last)[-1]) == {"provider": "render", "input": {"scene": "kitchen"}}


def test_the_example_works(tmp_path: Path) -> None:
    """Put where the page says, `make provider` takes it through everything."""
    for name in COPIED:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    for name in ("template.yaml", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / DECLARED).write_text(example(DECLARED))
    (tmp_path / PLAYED).write_text(example(PLAYED))

    ended = subprocess.run(
        [sys.executable, "-m", "local.provider", DECLARED],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{tmp_path}:{tmp_path / 'layers' / 'lumeo'}"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.search(r"providers: 1 declarations × \d\d cases = \d\d passed\n", ended.stdout)
    assert re.search(r"s  succeeded\n\n  output   http://127\.0\.0\.1:\d+/outputs/[0-9a-f]{32}/0\.png\n", ended.stdout)
