"""Ids: their form, their order, and that no two are the same."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from lumeo import ids
from tests.conftest import TestClock

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds(made: str) -> int:
    """What the first ten characters say."""
    return sum(ALPHABET.index(sign) * 32 ** (9 - n) for n, sign in enumerate(made[:10]))


def test_form_is_replicates() -> None:
    made = ids.new()

    assert re.fullmatch(r"[0-9a-z]{26}", made)
    assert set(made) <= set(ALPHABET)
    assert ids.looks_right(made)


def test_no_two_are_the_same(test_clock: TestClock) -> None:
    assert len({ids.new() for _ in range(5000)}) == 5000


def test_sorted_by_time(test_clock: TestClock) -> None:
    made = []
    for seconds in (0.001, 0.001, 0.5, 1, 3600, 86_400 * 365):
        made.append(ids.new())
        test_clock.passes(seconds)

    assert made == sorted(made)


def test_first_ten_say_the_millisecond(test_clock: TestClock) -> None:
    for _ in range(2000):
        test_clock.passes(0.000_777)

        assert milliseconds(ids.new()) == (test_clock.now() - EPOCH) // timedelta(milliseconds=1)


def test_chance_fills_the_rest(test_clock: TestClock) -> None:
    """80 bits: each of the last 16 characters takes every value."""
    made = [ids.new() for _ in range(2000)]

    assert all({text[n] for text in made} == set(ALPHABET) for n in range(10, 26))


@pytest.mark.parametrize(
    ("text", "right"),
    [
        pytest.param("0" * 26, True, id="zeros"),
        pytest.param("hdwst0bb05rgp0cf0p29mzk2am", True, id="Replicate's"),
        pytest.param("0" * 25, False, id="too short"),
        pytest.param("0" * 27, False, id="too long"),
        pytest.param("0" * 26 + "\n", False, id="a line break"),
        pytest.param("0" * 25 + "A", False, id="upper case"),
        pytest.param("0" * 25 + "-", False, id="another sign"),
        pytest.param("0" * 25 + "\u0663", False, id="another script's digit"),
        pytest.param("../../../../../../../../..", False, id="a path"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_what_may_be_one(text: str, *, right: bool) -> None:
    assert ids.looks_right(text) is right
