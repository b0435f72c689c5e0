"""Rate limits: never more than was said, first come, first served, and nothing taken by whoever is refused."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, pairwise
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lumeo import clock, rates
from lumeo.items import pack, unpack
from lumeo.prediction import Turn
from lumeo.rates import ClockBusy, Clocks, Rate
from tests.conftest import TestClock
from tests.unit.make import DEADLINE, NOW

SLOW = Rate(per_minute=6, burst=1)
"""One every ten seconds."""
BURSTY = Rate(per_minute=60, burst=5)
RATES = st.builds(Rate, per_minute=st.integers(1, 90_000), burst=st.integers(1, 50))
GAPS = st.lists(st.integers(0, 30_000), min_size=1, max_size=15)
"""Milliseconds between one who comes and the next."""
NUMBERS = count()

few = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def clocks(cloud: dict[str, str], test_clock: TestClock) -> Clocks:
    return rates.clocks()


def seconds(turn: Turn | None) -> float:
    """From now to a turn."""
    assert turn is not None
    return clock.seconds_between(clock.stamp(), turn.at)


def milliseconds(stamp: str) -> int:
    return round(clock.parse(stamp).timestamp() * 1000)


def new() -> str:
    """The name of a clock that nobody has moved: one table serves all examples."""
    return f"clock-{next(NUMBERS)}"


def check_windows(rate: Rate, moments: list[int]) -> None:
    """However a window is laid over these milliseconds, it holds no more than the burst and what its length gives."""
    for n, start in enumerate(moments):
        for number, end in enumerate(moments[n:], 1):
            assert number <= rate.burst + (end - start) / rate.interval


@contextmanager
def meanwhile(clocks: Clocks, act: Callable[[], Any], *, times: int) -> Iterator[None]:
    """Somebody else acts before a clock is written, again and again until it was `times` times."""
    left, busy = times, False

    def before(**_: Any) -> None:
        nonlocal left, busy
        if left and not busy:
            left, busy = left - 1, True
            act()
            busy = False

    events = clocks._client.meta.events
    events.register("before-call.dynamodb.UpdateItem", before)
    yield
    events.unregister("before-call.dynamodb.UpdateItem", before)


def shown(cloud: dict[str, str], name: str = "a") -> dict[str, Any]:
    """A clock as it lies in the table."""
    key = pack({"pk": name})
    return unpack(boto3.client("dynamodb").get_item(TableName=cloud["TABLE_NAME"], Key=key).get("Item", {}))


class Bucket:
    """The same limit counted in another way: a bucket of `burst` drops that loses one in each interval."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._level = 0
        self._at = 0

    def take(self, now: int) -> bool:
        """Whether one more drop fits in at that millisecond."""
        self._level = max(0, self._level - (now - self._at))
        self._at = now
        fits = self._level + self._rate.interval <= self._rate.burst * self._rate.interval
        self._level += self._rate.interval if fits else 0
        return fits


class TestRate:
    @pytest.mark.parametrize(
        ("rate", "interval", "tolerance"),
        [
            pytest.param(Rate(60, 1), 1000, 0, id="one a second"),
            pytest.param(Rate(6, 1), 10_000, 0, id="one in ten seconds"),
            pytest.param(Rate(600, 30), 100, 2900, id="Replicate's"),
            pytest.param(Rate(599, 1), 101, 0, id="what does not divide"),
            pytest.param(Rate(1, 1), 60_000, 0, id="one a minute"),
            pytest.param(Rate(90_000, 1), 1, 0, id="more than one in a millisecond"),
        ],
    )
    def test_in_milliseconds(self, rate: Rate, interval: int, tolerance: int) -> None:
        assert (rate.interval, rate.tolerance) == (interval, tolerance)

    @given(st.integers(1, 60_000))
    def test_never_more_than_was_said(self, per_minute: int) -> None:
        assert 60_000 / Rate(per_minute, 1).interval <= per_minute


class TestTake:
    def test_a_burst_at_once_and_then_one_by_one(self, clocks: Clocks, test_clock: TestClock) -> None:
        first = [clocks.take("a", BURSTY) for _ in range(7)]
        test_clock.passes(1)
        then = [clocks.take("a", BURSTY) for _ in range(2)]

        assert first == [0, 0, 0, 0, 0, 1, 1]
        assert then == [0, 1]

    def test_whoever_is_refused_takes_nothing(self, clocks: Clocks, cloud: dict[str, str]) -> None:
        """Who goes on asking does not push away his own turn, nor anybody's."""
        clocks.take("a", SLOW)
        before = shown(cloud)

        waits = [clocks.take("a", SLOW) for _ in range(20)]

        assert waits == [10] * 20
        assert shown(cloud) == before

    def test_is_told_when_to_come_again(self, clocks: Clocks, test_clock: TestClock) -> None:
        clocks.take("a", SLOW)
        test_clock.passes(3.5)

        wait = clocks.take("a", SLOW)

        assert wait == 6.5
        test_clock.passes(wait - 0.001)
        assert clocks.take("a", SLOW) == 0.001
        test_clock.passes(0.001)
        assert clocks.take("a", SLOW) == 0

    def test_room_is_not_saved_up_beyond_the_burst(self, clocks: Clocks, test_clock: TestClock) -> None:
        clocks.take("a", BURSTY)
        test_clock.passes(86_400)

        assert [clocks.take("a", BURSTY) for _ in range(6)] == [0, 0, 0, 0, 0, 1]

    def test_each_name_has_a_clock_of_its_own(self, clocks: Clocks) -> None:
        assert [clocks.take(name, SLOW) for name in ("a", "b", "a", "b")] == [0, 0, 10, 10]

    def test_what_stands_still_for_a_day_may_go(self, clocks: Clocks, cloud: dict[str, str]) -> None:
        """DynamoDB's time-to-live is in whole epoch seconds, and counted from when it is as good as none."""
        clocks.take("a", SLOW)

        assert shown(cloud)["expires_at"] >= shown(cloud)["tat"] // 1000 + 86_400 - 60

    @few
    @given(RATES, GAPS)
    def test_as_a_simple_count_says(self, clocks: Clocks, test_clock: TestClock, rate: Rate, gaps: list[int]) -> None:
        name, bucket = new(), Bucket(rate)
        for gap in gaps:
            test_clock.passes(gap / 1000)

            assert (clocks.take(name, rate) == 0) is bucket.take(milliseconds(clock.stamp()))

    @few
    @given(RATES, GAPS)
    def test_in_no_window_more_than_burst_and_rate(
        self, clocks: Clocks, test_clock: TestClock, rate: Rate, gaps: list[int]
    ) -> None:
        name, taken = new(), []
        for gap in gaps:
            test_clock.passes(gap / 1000)
            if clocks.take(name, rate) == 0:
                taken.append(milliseconds(clock.stamp()))

        check_windows(rate, taken)

    @few
    @given(RATES, GAPS)
    def test_whoever_comes_when_told_has_room(
        self, clocks: Clocks, test_clock: TestClock, rate: Rate, gaps: list[int]
    ) -> None:
        name = new()
        for gap in gaps:
            test_clock.passes(gap / 1000)
            wait = clocks.take(name, rate)
            test_clock.passes(wait)

            assert wait == 0 or clocks.take(name, rate) == 0


class TestBook:
    def test_a_burst_now_and_then_one_after_the_other(self, clocks: Clocks) -> None:
        turns = [seconds(clocks.book("a", BURSTY, DEADLINE)) for _ in range(8)]

        assert turns == [0, 0, 0, 0, 0, 1, 2, 3]

    def test_first_come_first_served(self, clocks: Clocks, test_clock: TestClock) -> None:
        """Whoever comes later goes later, whenever he comes."""
        turns = []
        for n in range(30):
            test_clock.passes(n % 7)
            turn = clocks.book("a", SLOW, DEADLINE)
            assert turn is not None
            turns.append(turn.at)

        assert all(clock.seconds_between(one, next_) >= 10 for one, next_ in pairwise(turns))

    def test_nothing_is_taken_past_the_deadline(self, clocks: Clocks) -> None:
        """Else a crowd that is sent away would leave an idle provider behind that is booked out for a day."""
        kept = [clocks.book("a", SLOW, clock.later(30)) for _ in range(10)]

        assert [turn is not None for turn in kept] == [True] * 3 + [False] * 7
        assert seconds(clocks.book("a", SLOW, DEADLINE)) == 30

    def test_one_with_more_time_may_have_what_another_cannot_use(self, clocks: Clocks) -> None:
        for _ in range(3):
            clocks.book("a", SLOW, DEADLINE)

        assert clocks.book("a", SLOW, clock.later(30)) is None
        assert seconds(clocks.book("a", SLOW, clock.later(30.001))) == 30

    def test_a_turn_is_its_own(self, clocks: Clocks, test_clock: TestClock) -> None:
        turns = [clocks.book("a", SLOW, DEADLINE) for _ in range(3)]
        test_clock.passes(7)

        assert [clocks.now("a", turn) for turn in turns if turn] == turns

    @few
    @given(RATES, GAPS)
    def test_in_no_window_more_than_burst_and_rate(
        self, clocks: Clocks, test_clock: TestClock, rate: Rate, gaps: list[int]
    ) -> None:
        name, turns = new(), []
        for gap in gaps:
            test_clock.passes(gap / 1000)
            turn = clocks.book(name, rate, clock.later(86_400))
            assert turn is not None
            turns.append(milliseconds(turn.at))

        assert turns == sorted(turns)
        check_windows(rate, turns)


class TestClose:
    def test_nobody_goes_before_it_is_over(self, clocks: Clocks) -> None:
        clocks.close("a", SLOW, 25)

        assert [seconds(clocks.book("a", SLOW, DEADLINE)) for _ in range(3)] == [25, 35, 45]

    def test_after_it_there_is_no_burst(self, clocks: Clocks) -> None:
        """Who was refused has seen that there is none."""
        clocks.close("a", BURSTY, 25)

        assert [seconds(clocks.book("a", BURSTY, DEADLINE)) for _ in range(3)] == [25, 26, 27]

    def test_the_queue_stays_as_it_was(self, clocks: Clocks) -> None:
        """Whoever was first is first, and whoever comes now is last."""
        queue = [clocks.book("a", SLOW, DEADLINE) for _ in range(5)]

        clocks.close("a", SLOW, 25)

        moved = [seconds(clocks.now("a", turn)) for turn in queue if turn]
        assert moved == [25, 35, 45, 55, 65]
        assert seconds(clocks.book("a", SLOW, DEADLINE)) >= 75

    def test_two_that_are_refused_at_once_close_it_once(self, clocks: Clocks, test_clock: TestClock) -> None:
        turn = clocks.book("a", SLOW, DEADLINE)
        assert turn is not None
        clocks.close("a", SLOW, 25)
        test_clock.passes(0.5)

        clocks.close("a", SLOW, 20)

        assert seconds(clocks.now("a", turn)) == 24.5

    def test_a_longer_one_puts_off_by_what_is_new(self, clocks: Clocks, test_clock: TestClock) -> None:
        queue = [clocks.book("a", SLOW, DEADLINE) for _ in range(3)]
        clocks.close("a", SLOW, 25)
        test_clock.passes(5)

        clocks.close("a", SLOW, 40)

        assert [seconds(clocks.now("a", turn)) for turn in queue if turn] == [40, 50, 60]

    def test_one_that_is_over_is_forgotten(self, clocks: Clocks, test_clock: TestClock) -> None:
        clocks.close("a", SLOW, 25)
        test_clock.passes(3600)

        assert seconds(clocks.book("a", SLOW, clock.later(60))) == 0

    def test_a_turn_that_was_said_again_is_put_off_once(self, clocks: Clocks) -> None:
        turn = clocks.book("a", SLOW, DEADLINE)
        assert turn is not None
        clocks.close("a", SLOW, 25)

        said = clocks.now("a", turn)

        assert clocks.now("a", said) == said

    @pytest.mark.parametrize("wait", [0, -5, 0.0004])
    def test_for_no_time_is_nothing(self, clocks: Clocks, cloud: dict[str, str], wait: float) -> None:
        clocks.book("a", SLOW, DEADLINE)
        before = shown(cloud)

        clocks.close("a", SLOW, wait)

        assert shown(cloud) == before

    def test_a_clock_that_nobody_has_moved(self, clocks: Clocks) -> None:
        assert clocks.now("a", Turn(NOW, 0)) == Turn(NOW, 0)

    @few
    @given(RATES, st.lists(st.tuples(st.integers(0, 20_000), st.none() | st.integers(0, 60)), max_size=12))
    def test_order_holds_whatever_comes(
        self, clocks: Clocks, test_clock: TestClock, rate: Rate, steps: list[tuple[int, int | None]]
    ) -> None:
        """A step is somebody who comes, or, with a number, a provider that says no for so long."""
        name, queue = new(), list[Turn]()
        for gap, closed in steps:
            test_clock.passes(gap / 1000)
            if closed is None:
                turn = clocks.book(name, rate, clock.later(86_400))
                assert turn is not None
                queue.append(turn)
            else:
                clocks.close(name, rate, closed)
            turns = [clocks.now(name, turn).at for turn in queue]

            assert turns == sorted(turns)
            assert closed is None or all(at >= clock.later(closed) for at in turns)


class TestTogether:
    """Functions share a clock: between two calls of one of them, others may have moved it."""

    @pytest.mark.parametrize("others", [1, 3])
    def test_nobody_has_anothers_turn(self, clocks: Clocks, others: int) -> None:
        turns: list[str] = []

        def book(times: int) -> None:
            for _ in range(times):
                turn = clocks.book("a", SLOW, DEADLINE)
                assert turn is not None
                turns.append(turn.at)

        with meanwhile(clocks, lambda: book(others), times=2):
            book(1)

        assert len(turns) > others
        assert sorted(turns) == [clock.later(10 * n) for n in range(len(turns))]

    def test_a_burst_is_shared(self, clocks: Clocks) -> None:
        waits: list[float] = []

        with meanwhile(clocks, lambda: waits.extend(clocks.take("a", BURSTY) for _ in range(3)), times=2):
            waits.append(clocks.take("a", BURSTY))

        assert sorted(waits) == [0, 0, 0, 0, 0, 1, 1]

    def test_whoever_is_booked_while_it_is_closed_is_put_off_too(self, clocks: Clocks) -> None:
        booked: list[Turn | None] = []

        with meanwhile(clocks, lambda: booked.append(clocks.book("a", SLOW, DEADLINE)), times=1):
            clocks.close("a", SLOW, 25)

        (turn,) = booked
        assert turn is not None
        assert seconds(clocks.now("a", turn)) == 25
        assert seconds(clocks.book("a", SLOW, DEADLINE)) >= 35

    def test_two_close_it_at_once(self, clocks: Clocks) -> None:
        turn = clocks.book("a", SLOW, DEADLINE)
        assert turn is not None

        with meanwhile(clocks, lambda: clocks.close("a", SLOW, 30), times=1):
            clocks.close("a", SLOW, 25)

        assert seconds(clocks.now("a", turn)) == 30

    def test_who_never_gets_through_says_so(self, clocks: Clocks) -> None:
        with (
            meanwhile(clocks, lambda: clocks.book("a", SLOW, DEADLINE), times=100),
            pytest.raises(ClockBusy, match="the clock a "),
        ):
            clocks.close("a", SLOW, 25)

    def test_a_fault_of_the_table_is_no_answer(self, clocks: Clocks) -> None:
        with pytest.raises(ClientError, match="ResourceNotFound"):
            Clocks(clocks._client, "no-such-table").take("a", SLOW)
