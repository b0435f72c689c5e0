"""A function may die before and after any of its external calls: what comes after it goes on as if it had not."""

import os

import pytest

from tests.conftest import template
from tests.reliability.deaths import everywhere
from tests.reliability.reported import report

CRASHES = int(os.environ.get("CRASHES", "250"))
"""How many are tried; 0: all."""


@pytest.mark.timeout(3600)
def test_crash_at_every_boundary() -> None:
    done = everywhere(CRASHES)
    report("crash at every boundary", done.lines())

    assert not done.wrong, "\n".join(done.wrong)
    assert done.struck.keys() == {crash.kind for crash in done.found}
    # A function that no scenario brings to a call would be held by nothing here. The gallery's makes none.
    names = {name.removesuffix("Function") for name in template().functions()} - {"Gallery"}
    assert {crash.boundary[0] for crash in done.found} == names
