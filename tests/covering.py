"""Which lines and branches of what deploys are run by tests: measured where COVERAGE_FLOOR says the least, in per cent.

Only what runs in the tests' own processes is seen: not the stack of `make run`, nor worlds that are spread over cores.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from slipcover import FileMatcher, ImportManager, Slipcover, merge_coverage

from tests.reliability.reported import report

ROOT = Path(__file__).parent.parent
SOURCES = [str(ROOT / "layers" / "lumeo" / "lumeo"), str(ROOT / "functions")]
LEAST = float(os.environ.get("COVERAGE_FLOOR") or 0)

_measured = Slipcover(branch=True, source=SOURCES) if LEAST else None
_elsewhere: list[str] = []
"""What the processes that share the tests have seen, as JSON."""

if _measured:
    ImportManager(_measured, FileMatcher(sources=SOURCES)).__enter__()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    _elsewhere.extend(getattr(node, "workeroutput", {}).get("coverage", ()))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker's part goes to whoever has them all, who reports, and fails a run that is below the floor."""
    if not _measured:
        return
    found = _measured.get_coverage()
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["coverage"] = [json.dumps(found)]
        return
    for other in _elsewhere:
        merge_coverage(found, json.loads(other))
    lines, branches = percent(found, "lines"), percent(found, "branches")
    floor = f"at least {LEAST:.4g} % of branches are meant to be"
    report("run by tests", [*missed(found), f"{lines:.2f} % of lines, {branches:.2f} % of branches; {floor}"])
    if branches < LEAST:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def percent(found: Mapping[str, Any], what: str) -> float:
    """How many of them were run."""
    done, left = (
        sum(len(file[f"{how}_{what}"]) for file in found["files"].values()) for how in ("executed", "missing")
    )
    return 100 * done / (done + left)


def missed(found: Mapping[str, Any]) -> Iterator[str]:
    """What of each file was not run: lines, and branches by the lines that they lead from and to (0: out)."""
    for name, file in sorted(found["files"].items()):
        branches = [f"{begin}→{end}" for begin, end in file["missing_branches"]]
        if left := [*map(str, file["missing_lines"]), *branches]:
            yield f"{name}: {' '.join(left)}"
