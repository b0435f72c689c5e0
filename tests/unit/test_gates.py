"""What `make check` is told to overlook has its reason beside it."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

CHECKOV = (ROOT / ".checkov.yaml").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
WORKFLOWS = sorted((ROOT / ".github" / "workflows").iterdir())
each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.stem))


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())["jobs"]
    return found


def lines(path: Path) -> list[str]:
    """What a workflow types."""
    return [step["run"] for job in jobs(path).values() for step in job.get("steps", []) if "run" in step]


def test_what_checkov_skips_is_explained() -> None:
    """A comment above each, or above the group that it belongs to."""
    skipped = yaml.safe_load(CHECKOV)["skip-check"]
    groups = re.findall(r"((?:  # .+\n)+)((?:  - CKV\w+\n?)+)", CHECKOV)

    assert re.findall(r"CKV\w+", "".join(checks for _, checks in groups)) == skipped
    assert len(set(skipped)) == len(skipped)
    assert all(len(reason) > 60 for reason, _ in groups)


def test_what_is_skipped_at_a_resource_is_explained() -> None:
    template = (ROOT / "template.yaml").read_text()
    skips = re.findall(r"- id: CKV\w+\n +comment: >-\n +(.+)", template)

    assert len(skips) == template.count("id: CKV")
    assert all(len(reason) > 30 for reason in skips)


def test_only_chance_is_no_secret() -> None:
    """Of what looks for secrets, only what goes by chance is off: all that knows a token by its shape is on."""
    (tokens,) = re.findall(r"^TOKENS +:= (.+)$", MAKEFILE, re.MULTILINE)

    assert set(re.findall(r"--disable-plugin (\w+)", tokens)) == {
        "Base64HighEntropyString",
        "HexHighEntropyString",
        "KeywordDetector",
    }


@each_workflow
def test_a_workflow_is_looked_over(path: Path) -> None:
    """By `make check`: its form, and what is known to be dangerous in one."""
    assert path.suffix == ".yaml"
    assert "WORKFLOWS  := $(wildcard .github/workflows/*.yaml)" in MAKEFILE
    assert "check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)" in MAKEFILE
    assert "zizmor --offline --quiet --pedantic $(WORKFLOWS)" in MAKEFILE


@each_workflow
def test_what_is_ignored_in_a_workflow_is_explained(path: Path) -> None:
    for reason in re.findall(r"zizmor: ignore\[[\w-]+\](.*)", path.read_text()):
        assert len(reason) > 20


@each_workflow
def test_an_action_is_pinned_by_its_commit_with_its_version_beside_it(path: Path) -> None:
    used = re.findall(r"uses: (.+)", path.read_text())
    others = [one for one in used if not one.startswith("./")]

    assert others
    assert [one for one in others if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []


def test_an_action_has_one_version() -> None:
    pins = {tuple(pin.split("@")) for path in WORKFLOWS for pin in re.findall(r"uses: (\S+@\S+)", path.read_text())}

    assert len({action for action, _ in pins}) == len(pins)


@each_workflow
def test_a_workflow_may_nothing_and_a_job_what_it_says(path: Path) -> None:
    assert yaml.safe_load(path.read_text())["permissions"] == {}
    for name, job in jobs(path).items():
        asks_aws = any("aws-actions" in step.get("uses", "") for step in job.get("steps", []))
        assert job["permissions"] == {"contents": "read", **({"id-token": "write"} if asks_aws else {})}, name


def test_workflows_run_what_runs_here() -> None:
    """What CI says, the audit, and a deployment: nothing that cannot be typed."""
    said = {path.stem: lines(path) for path in WORKFLOWS}
    (deploying,) = said["deploy"]

    assert said["check"] == [".ci/run", "make audit"]
    assert deploying.startswith('make deploy ENV="$STAGE" ARGS=')
    assert all(f"\n{target}:" in MAKEFILE for target in ("audit", "deploy"))


def test_nothing_is_deployed_before_it_was_checked() -> None:
    found = jobs(ROOT / ".github" / "workflows" / "deploy.yaml")

    assert found["deploy"]["needs"] == "check"
    assert found["check"]["uses"] == "./.github/workflows/check.yaml"


def test_checks_run_on_the_oldest_python_and_on_lambdas() -> None:
    found = jobs(ROOT / ".github" / "workflows" / "check.yaml")["check"]
    (oldest,) = re.findall(r'^requires-python = ">=([\d.]+)', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)

    assert found["strategy"]["matrix"]["python"] == [oldest, "3.13"]


def test_the_audit_reads_all_that_is_locked() -> None:
    (locked,) = re.findall(r"^LOCKED := (.+)$", MAKEFILE, re.MULTILINE)
    written = set(re.findall(r"-o (\S+)$", MAKEFILE, re.MULTILINE))

    assert locked == "$(sort $(wildcard requirements*.txt)) layers/lumeo/requirements.txt"
    assert written == {*(path.name for path in ROOT.glob("requirements*.txt")), "layers/lumeo/requirements.txt"}
    assert "pip-audit --strict" in MAKEFILE, "what cannot be looked up is no good news"


class TestCoverage:
    def test_all_tests_have_a_floor(self) -> None:
        (floor,) = re.findall(r"^COVERAGE_FLOOR \?= (\d+)$", MAKEFILE, re.MULTILINE)

        assert int(floor) >= 95
        assert "$(if $(ARGS),,COVERAGE_FLOOR=$(COVERAGE_FLOOR)) $(VENV)/pytest -n auto" in MAKEFILE

    @pytest.mark.parametrize("share", [["-p", "no:xdist"], ["-n", "2"]], ids=["alone", "shared"])
    def test_what_is_below_it_fails(self, share: list[str]) -> None:
        command = [sys.executable, "-m", "pytest", "-q", *share, "tests/unit/test_polling.py"]
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "COVERAGE_FLOOR": "99"},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

        assert ended.returncode == pytest.ExitCode.TESTS_FAILED, ended.stdout
        assert re.search(r" passed in ", ended.stdout)
        assert re.search(r"^layers/lumeo/lumeo/steps/sweep\.py: \d", ended.stdout, re.MULTILINE)
        (lines,) = re.findall(r"^([\d.]+) % of lines, [\d.]+ % of branches", ended.stdout, re.MULTILINE)
        assert 10 < float(lines) < 99
