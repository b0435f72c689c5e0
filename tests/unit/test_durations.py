"""Durations as Replicate writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumeo.durations import seconds
from tests.unit.make import TEXTS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30", 30),
        ("30s", 30),
        ("5m", 300),
        ("2h", 7200),
        ("1h30m45s", 5445),
        ("1h45s", 3645),
        ("1h30m45", 5445),
        ("90m", 5400),
        (" 5m ", 300),
        ("0", 0),
        ("007s", 7),
        ("999999h", 3_599_996_400),
    ],
)
def test_a_duration(text: str, expected: int) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "s",
        "soon",
        "1.5m",
        "-5m",
        "+5m",
        "5M",
        "5 m",
        "1m1h",
        "5d",
        "1e3",
        "5m\n5",
        "\u0665m",
        "1000000h",
        "0x5",
    ],
)
def test_none(text: str) -> None:
    assert seconds(text) == 0


@given(st.integers(0, 999_999), st.integers(0, 999_999), st.integers(0, 999_999))
def test_its_parts_add_up(hours: int, minutes: int, rest: int) -> None:
    assert seconds(f"{hours}h{minutes}m{rest}s") == hours * 3600 + minutes * 60 + rest


@given(TEXTS)
def test_any_text_is_a_number(text: str) -> None:
    assert seconds(text) >= 0
