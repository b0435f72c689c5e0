"""Time, in one place: every reading and every sleep goes through here, so that a test can bring its own.

All times that Lumeo keeps or serves are UTC text in ISO 8601 with milliseconds, `2026-11-21T10:00:00.000Z`: they sort
as they pass, and every client of Replicate reads them.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What a test replaces to own time."""

    def now(self) -> datetime:
        """The time of day, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""


class SystemClock:
    """The machine's own."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class _Current:
    clock: Clock = SystemClock()


@contextmanager
def using(clock: Clock) -> Iterator[Clock]:
    """Run a block on another clock, in every thread."""
    before, _Current.clock = _Current.clock, clock
    try:
        yield clock
    finally:
        _Current.clock = before


def now() -> datetime:
    return _Current.clock.now()


def sleep(seconds: float) -> None:
    _Current.clock.sleep(seconds)


def stamp(moment: datetime | None = None) -> str:
    """`moment` (default: now) as the text that records and answers hold."""
    return (moment or now()).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse(text: str) -> datetime:
    """The moment that an ISO 8601 text names; of a fraction, what is past six digits is dropped.

    Raises ValueError when it is not such a text, or names no zone.
    """
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        raise ValueError(f"no time zone in {text!r}")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"not a moment in UTC: {text!r}") from error


def moment(epoch: float) -> datetime:
    """The moment so many seconds after 1970 began."""
    return datetime.fromtimestamp(epoch, UTC)


def later(seconds: float, than: str | None = None) -> str:
    """The stamp `seconds` after `than` (default: now)."""
    return stamp((parse(than) if than else now()) + timedelta(seconds=seconds))


def seconds_between(earlier: str, later: str) -> float:
    return (parse(later) - parse(earlier)).total_seconds()
