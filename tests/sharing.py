"""How processes share the tests: a file at a time, the longest first; a folder at a time where one build serves it."""

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/package/",)
"""Folders whose tests share what takes long to make."""
LONGEST = (
    "tests/reliability/test_interleavings.py",
    "tests/reliability/test_schedules.py",
    "tests/package/",
    "tests/providers/test_cases.py",
    "tests/reliability/test_boundaries.py",
    "tests/clients/",
    "tests/browser/",
    "tests/cli/",
    "tests/e2e/",
)
"""What takes half a minute and more: one that began last would be waited for by all the others."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first; two of one name would be run once."""
    names = [item.nodeid for item in items]
    assert len(set(names)) == len(names), sorted({name for name in names if names.count(name) > 1})
    items.sort(key=lambda item: _place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: some only wait, for a browser or in real time."""
    return min(8, (os.cpu_count() or 1) + 1)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "LoadScopeScheduling":
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 (a worker has no scheduler)

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit(nodeid)

    config.option.loadscopereorder = False
    return Scheduling(config, log)


def unit(nodeid: str) -> str:
    """What is run by one process, one after the other."""
    file = nodeid.partition("::")[0]
    return next((folder for folder in TOGETHER if file.startswith(folder)), file)


def _place(nodeid: str) -> int:
    return next((n for n, start in enumerate(LONGEST) if nodeid.startswith(start)), len(LONGEST))
