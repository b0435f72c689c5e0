"""When to look: whole seconds that cost little, against the exact optimum, and sane whatever was learnt."""

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from random import Random
from random import seed as seeded
from statistics import NormalDist, fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import schedules
from bench.laws import LAWS, Law
from bench.optimum import Optimum
from lumeo import checking
from lumeo.checking import COARSER, GRAIN, HOLD_SECONDS, OVER, Odds, hold, next_look
from lumeo.histograms import BUCKETS, UNKNOWN, bucket_of, durations, edges

PRICES = (0.1, 0.5, 1, 2, 5, 15, 60)
DAY = 86_400
MOST_LOOKS = 1500
"""A run's history holds so many rounds."""
SEVEN = next(law for law in LAWS if law.median == 7)
QUANTILES = [NormalDist().inv_cdf((n + 0.5) / 200) for n in range(200)]


def learnt(seconds: Sequence[float]) -> Odds:
    """What so many durations say."""
    known = UNKNOWN
    for each in seconds:
        known = known.learnt(each)
    return Odds.of(known.density())


def scattered(median: float, sigma: float, n: int = 50) -> list[float]:
    random = Random(1)
    return [median * math.exp(sigma * random.gauss()) for _ in range(n)]


SPIKE = learnt([10] * 30)
KNOWN = {
    "nothing": Odds.of(UNKNOWN.density()),
    "one second": learnt([1] * 20),
    "ten seconds": SPIKE,
    "ten seconds, three times": learnt([10] * 3),
    "seven, spread": learnt(scattered(7, 0.3)),
    "cold starts": learnt(([12] * 9 + [95]) * 4),
    "minutes": learnt(scattered(150, 0.45)),
    "anything": learnt(scattered(20, 3)),
    "hours": learnt(scattered(7200, 1)),
    "the last bucket": learnt([1e7] * 10),
    "garbage": Odds.of(
        durations({"n": 9, "memories": [{"counts": {"0": 1e-3, "80": 1e3, "159": 1e-3}, "trust": 0.25}] * 4}).density()
    ),
}
each_known = pytest.mark.parametrize("odds", [pytest.param(odds, id=name) for name, odds in KNOWN.items()])

DENSITIES = st.lists(st.tuples(st.integers(0, BUCKETS - 1), st.floats(1e-6, 1)), min_size=1, max_size=8)


def mixed(parts: Sequence[tuple[int, float]]) -> Odds:
    """Odds of a histogram with nothing between those buckets."""
    density = [0.0] * BUCKETS
    for bucket, weight in parts:
        density[bucket] += weight
    return Odds.of(density)


def looks(odds: Odds, until: float) -> list[int]:
    """The moments of all looks at something that does not end."""
    found = [0]
    while found[-1] < until:
        found.append(found[-1] + next_look(odds, found[-1], 0.5))
    return found[1:]


class TestOdds:
    @each_known
    @pytest.mark.parametrize("seconds", [0.1, 0.25, 0.3, 1, 7.3, 12, 100, 5000])
    def test_integral_is_that_of_the_probability(self, odds: Odds, seconds: float) -> None:
        steps = 2000
        whole = sum(odds.at((n + 0.5) / steps * seconds)[0] for n in range(steps)) * seconds / steps

        assert odds.at(seconds)[1] == pytest.approx(whole, abs=1e-3 * seconds)

    @each_known
    def test_rises_from_nothing_to_all(self, odds: Odds) -> None:
        ended = [odds.at(second)[0] for second in (0, *edges(), 1e9)]

        assert ended == sorted(ended)
        assert ended[0] == 0
        assert ended[-1] == pytest.approx(1)

    def test_evenly_within_a_bucket(self) -> None:
        begin, end = edges()[20:22]
        odds = mixed([(20, 1)])

        assert odds.at(begin)[0] == 0
        assert odds.at(begin + (end - begin) / 4)[0] == pytest.approx(0.25)
        assert odds.at(end) == pytest.approx((1, (end - begin) / 2))

    def test_after_the_last_edge_all_have_ended(self) -> None:
        odds, last = mixed([(20, 1)]), edges()[-1]

        assert odds.at(last + 5)[1] == pytest.approx(odds.at(last)[1] + 5)

    @given(DENSITIES, st.floats(0, 1e6))
    def test_weights_need_not_sum_to_one(self, parts: list[tuple[int, float]], seconds: float) -> None:
        """What a sum of two durations leaves out belongs to what is left."""
        halved = mixed([(bucket, weight / 2) for bucket, weight in parts])

        assert halved.at(seconds) == pytest.approx(mixed(parts).at(seconds))


class TestNextLook:
    @pytest.mark.parametrize(
        ("elapsed", "least", "most"),
        [
            pytest.param(0, 10, 11, id="right after it"),
            pytest.param(5, 5, 6, id="the same moment from later on"),
            pytest.param(10, 1, 2, id="it is due"),
            pytest.param(30, 8, 25, id="long overdue"),
        ],
    )
    def test_of_what_took_ten_seconds(self, elapsed: float, least: int, most: int) -> None:
        assert least <= next_look(SPIKE, elapsed, 0.5) <= most

    def test_between_warm_and_cold_there_is_nothing_to_see(self) -> None:
        moments = looks(KNOWN["cold starts"], 130)

        assert not [moment for moment in moments if 25 < moment < 60]
        assert [moment for moment in moments if 9 < moment < 20]
        assert [moment for moment in moments if 80 < moment < 115]

    @given(DENSITIES, st.floats(0, 1e7), st.sampled_from(PRICES), st.floats(0.01, 1), st.floats(1, 1e5))
    @settings(max_examples=60)
    def test_whole_seconds_within_bounds(
        self, parts: list[tuple[int, float]], elapsed: float, price: float, lost: float, longest: float
    ) -> None:
        seconds = next_look(mixed(parts), elapsed, price, lost=lost, longest=longest)

        assert type(seconds) is int
        assert 1 <= seconds <= longest

    @each_known
    def test_a_dearer_look_comes_no_earlier(self, odds: Odds) -> None:
        first = [next_look(odds, 0, price) for price in PRICES]

        assert first == sorted(first)
        assert first[0] < first[-1]

    @each_known
    @pytest.mark.parametrize("elapsed", [0, 10, 300])
    def test_insurance_looks_no_earlier(self, odds: Odds, elapsed: float) -> None:
        """What a webhook mostly tells is worth the fewer looks, the fewer webhooks are lost."""
        waits = [next_look(odds, elapsed, 0.5, lost=lost) for lost in (1, 0.5, 0.2, 0.05, 0.01)]

        assert waits == sorted(waits)

    def test_insurance_of_ten_seconds(self) -> None:
        """Its one look comes when the end is certain."""
        assert 11 <= next_look(SPIKE, 0, 0.5, lost=0.01) <= 30

    @each_known
    def test_tail_does_not_shrink(self, odds: Odds) -> None:
        """From long after what 19 of 20 take at most; but for the grain, a twentieth, of moments to look at."""
        nearly_all = next(end for end in edges() if odds.at(end)[0] > 1 - 5 * OVER)
        waits = [next_look(odds, 4 * nearly_all * 1.5**n, 0.5) for n in range(24)]

        longest = accumulate(waits, max)
        assert [wait for wait, before in zip(waits, longest, strict=True) if wait * COARSER**2 < before - 1] == []

    @each_known
    def test_a_day_is_never_too_many_looks(self, odds: Odds) -> None:
        """Two moments a fifth apart are as far from one another as so many waits."""
        moments = [1.2**n for n in range(1 + math.ceil(math.log(DAY, 1.2)))]
        looks = sum((then - now) / next_look(odds, now, 0.5, longest=600) for now, then in pairwise(moments))

        assert looks < MOST_LOOKS / 2

    @given(st.floats(1, 1e8), st.sampled_from(PRICES), st.floats(0.01, 1))
    def test_when_it_takes_longer_than_anything(self, elapsed: float, price: float, lost: float) -> None:
        """All scales are as likely: waits grow with the root of the time, by a factor of four at most beside it."""
        root = math.sqrt(2 * price / lost * elapsed)
        waits = [next_look(mixed([(0, 1)]), elapsed * longer, price, lost=lost) for longer in (1, 1.5, 10)]

        assert waits == sorted(waits)
        assert root - 1 <= waits[0] <= 4 * root + 1


class TestHold:
    @given(DENSITIES, st.floats(0, 1e6), st.floats(0, 5), st.integers(1, 3))
    def test_within_what_is_left(self, parts: list[tuple[int, float]], elapsed: float, held: float, saved: int) -> None:
        seconds = hold(mixed(parts), elapsed, held, saved)

        if HOLD_SECONDS - held < GRAIN:
            assert seconds is None
        assert seconds is None or 0 < seconds <= HOLD_SECONDS - held

    @pytest.mark.parametrize(
        ("name", "elapsed", "held", "held_for"),
        [
            pytest.param("one second", 0, 0, True, id="it is about to end"),
            pytest.param("one second", 0.5, 0.5, True, id="still"),
            pytest.param("one second", 0, 2.8, False, id="nothing is left"),
            pytest.param("one second", 60, 0, False, id="much longer than any"),
            pytest.param("ten seconds", 0, 0, False, id="a wait is cheaper"),
            pytest.param("ten seconds", 9, 0, True, id="the end of a wait that was too short"),
            pytest.param("minutes", 0, 0, False, id="minutes"),
            pytest.param("nothing", 0, 0, False, id="nothing is known"),
        ],
    )
    def test_where_it_is_cheaper_than_a_wait(self, name: str, elapsed: float, held: float, *, held_for: bool) -> None:
        assert (hold(KNOWN[name], elapsed, held, 3) is not None) == held_for

    @pytest.mark.parametrize("part", [1 / 3, 0.95])
    def test_looks_where_that_part_has_ended(self, part: float) -> None:
        odds = learnt(scattered(1, 0.3))
        seconds = hold(odds, 0, 0, 3, part)

        assert seconds
        assert odds.at(seconds - GRAIN)[0] < part * odds.at(HOLD_SECONDS)[0] <= odds.at(seconds)[0]

    def test_costs_no_more_than_what_it_saves(self) -> None:
        """By its own figures: seconds of a function against the transitions of those that end meanwhile."""
        begin = bucket_of(1)
        for saved in (1, 3):
            for weight in (n / 20 for n in range(1, 20)):
                odds = mixed([(begin, weight), (bucket_of(600), 1 - weight)])
                busy = sum(1 - odds.at((n + 0.5) / 100)[0] for n in range(300)) / 100
                worth = odds.at(HOLD_SECONDS)[0] * saved * checking.TRANSITION_SECONDS

                assert (hold(odds, 0, 0, saved) is not None) == (worth > busy), (saved, weight)

    @each_known
    def test_one_transition_is_worth_less_than_three(self, odds: Odds) -> None:
        for elapsed in (0, 0.5, 1, 5, 9, 50):
            if hold(odds, elapsed, 0, 1) is not None:
                assert hold(odds, elapsed, 0, 3) is not None


class TestAgainstTheOptimum:
    """What docs/benchmarks.md shows at length, of the law whose looks are few."""

    @staticmethod
    def cost(schedule: schedules.Schedule, law: Law, price: float) -> float:
        """The mean over the law itself."""
        ended = (law.median * math.exp(law.sigma * z) for z in QUANTILES)
        return fmean(schedules.play(schedule, 0, seconds).cost(price) for seconds in ended)

    def test_cost_of_the_optimum_is_what_it_says(self) -> None:
        optimum = Optimum(SEVEN, 0.5)

        played = self.cost(lambda waited, ran, looks: optimum.wait(waited, ran, starting=not looks), SEVEN, 0.5)

        assert played == pytest.approx(optimum.cost, rel=0.01)

    @pytest.mark.parametrize("price", [0.5, 2, 5])
    def test_after_fifty_predictions(self, price: float) -> None:
        taught = [schedules.taught(SEVEN, 50, Random(n)) for n in range(4)]

        costs = [self.cost(schedules.learnt(known, price), SEVEN, price) for known in taught]

        assert fmean(costs) <= 1.10 * Optimum(SEVEN, price).cost

    @pytest.mark.parametrize("n", [0, 2])
    def test_knowing_next_to_nothing(self, n: int) -> None:
        seeded(1)
        geometric = self.cost(schedules.growing(1, 1.5, 5), SEVEN, 0.5)
        taught = schedules.taught(SEVEN, n, Random(1))

        assert self.cost(schedules.learnt(taught, 0.5), SEVEN, 0.5) <= 1.1 * geometric

    @pytest.mark.parametrize("factor", [1 / 5, 5])
    def test_after_a_change(self, factor: float) -> None:
        changed, random = SEVEN.times(factor), Random(3)
        known = schedules.taught(SEVEN, 50, random)
        played = schedules.mean(schedules.online([changed] * 50, 0.5, random, known))
        geometric = self.cost(schedules.growing(1, 1.5, 5), changed, 0.5)

        assert played.cost(0.5) <= 1.1 * geometric
