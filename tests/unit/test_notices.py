"""What is new in a prediction between two looks."""

from typing import Any

import pytest

from lumeo.announcing import Event
from lumeo.prediction import Announced, Document, Phase
from lumeo.steps import notices
from lumeo.steps.notices import news
from tests.conftest import TestClock
from tests.unit.make import NOW, prediction

STARTED = {"accepted": NOW, "started": NOW}
INLINE, MORE = Document(json='"50 %"'), Document(json='"100 %"')
STORED = Document(key="records/x/logs.json", digest="0123")
GROWN = Document(key="records/x/logs.json", digest="4567")


@pytest.mark.parametrize(
    ("before", "now", "events"),
    [
        pytest.param({}, {}, [], id="nothing"),
        pytest.param({}, {"polls": 1, "wakes": 1, "metrics": INLINE, "raw_logs": INLINE}, [], id="nothing of theirs"),
        pytest.param({}, {"timeline": STARTED}, ["start"], id="it has begun"),
        pytest.param({"timeline": STARTED}, {"timeline": STARTED}, [], id="it had begun"),
        pytest.param({}, {"logs": INLINE}, ["logs"], id="a first log"),
        pytest.param({"logs": INLINE}, {"logs": MORE}, ["logs"], id="more of it"),
        pytest.param({"logs": INLINE}, {"logs": INLINE}, [], id="the same"),
        pytest.param({"logs": INLINE, "polls": 1}, {"logs": INLINE, "polls": 2}, [], id="the same at the next look"),
        pytest.param({"logs": INLINE}, {"logs": STORED}, ["logs"], id="one that has grown large"),
        pytest.param({"logs": STORED}, {"logs": GROWN}, ["logs"], id="a large one that has grown"),
        pytest.param({"logs": STORED, "polls": 1}, {"logs": STORED, "polls": 2}, [], id="a large one that has not"),
        pytest.param({"partial": STORED}, {"partial": GROWN}, ["output"], id="a large text that has grown"),
        pytest.param({"logs": INLINE}, {}, [], id="none any more"),
        pytest.param({}, {"partial": INLINE}, ["output"], id="a first text"),
        pytest.param({"partial": INLINE}, {"partial": MORE}, ["output"], id="more text"),
        pytest.param({"partial": MORE}, {"partial": MORE, "polls": 2}, [], id="the same text"),
        pytest.param({"partial": INLINE}, {}, [], id="no text any more"),
        pytest.param({}, {"output": INLINE}, [], id="the output itself, which is told at the end"),
        pytest.param(
            {}, {"timeline": STARTED, "logs": INLINE, "partial": INLINE}, ["start", "logs", "output"], id="all at once"
        ),
    ],
)
def test_news(before: dict[str, Any], now: dict[str, Any], events: list[Event]) -> None:
    assert news(prediction(Phase.RUNNING, **before), prediction(Phase.RUNNING, **now)) == events


@pytest.mark.parametrize(
    ("said", "seconds", "busy"),
    [
        pytest.param(None, 0, False, id="never told"),
        pytest.param({"status": 200}, 0, False, id="told"),
        pytest.param({"status": 500}, 0, False, id="heard, in vain"),
        pytest.param({}, 14, True, id="being told"),
        pytest.param({}, 15, False, id="nobody knows what became of it"),
        pytest.param({"error": "timeout"}, 59, True, id="hung just now"),
        pytest.param({"error": "unreachable"}, 60, False, id="hung a minute ago"),
    ],
)
def test_who_hangs_does_not_hold_many(
    said: dict[str, Any] | None, seconds: int, test_clock: TestClock, *, busy: bool
) -> None:
    last = {"logs": Announced(attempts=1, first_at=NOW, last_at=NOW, **said)} if said is not None else {}
    test_clock.passes(seconds)

    assert notices._is_busy(prediction(announced=last), "logs") is busy
