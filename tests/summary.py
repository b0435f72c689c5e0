"""What tests say in numbers, printed after pytest's own summary; also when several processes share the tests."""

import re

import pytest

from tests.reliability.reported import REPORTS

CASE = re.compile(r"tests/providers/test_cases\.py::test_case\[.*-(\w+)\]")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker's reports go to whoever prints."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["reports"] = REPORTS


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    REPORTS.update(getattr(node, "workeroutput", {}).get("reports", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for title, lines in REPORTS.items():
        terminalreporter.section(title)
        for line in lines:
            terminalreporter.write_line(line)
    _providers(terminalreporter)


def _providers(terminalreporter: pytest.TerminalReporter) -> None:
    """How many cases of how many declarations were played."""
    found = {
        outcome: [
            case[1] for report in terminalreporter.stats.get(outcome, []) if (case := CASE.fullmatch(report.nodeid))
        ]
        for outcome in ("passed", "failed", "error")
    }
    wrong = len(found["failed"] + found["error"])
    of = {name: found["passed"].count(name) for name in set(found["passed"])}
    if not of and not wrong:
        return
    fewest, most = min(of.values(), default=0), max(of.values(), default=0)
    each = f"{fewest} to {most}" if fewest < most else f"{most}"
    failed = f", {wrong} failed" if wrong else ""
    terminalreporter.write_line(
        f"providers: {len(of)} declarations × {each} cases = {len(found['passed'])} passed{failed}"
    )
