"""Durations as they are remembered: probabilities stay probabilities, whatever a table says, and follow a change."""

import json
import math
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumeo.histograms import (
    BUCKETS,
    RATIO,
    SHORTEST,
    SPANS,
    UNKNOWN,
    Durations,
    bucket_of,
    durations,
    edges,
    still,
    together,
)
from tests.unit.make import JSON

SECONDS = st.floats(0, 1e7)
LONGEST_JSON = 6_000


def learnt(*seconds: float) -> Durations:
    """What so many durations taught, one after another."""
    known = UNKNOWN
    for each in seconds:
        known = known.learnt(each)
    return known


def near(density: list[float], seconds: float, factor: float = 1.6) -> float:
    """The probability of a duration within a factor of this one."""
    return math.fsum(density[bucket_of(seconds / factor) : bucket_of(seconds * factor) + 1])


def as_plain(counts: Any, trust: Any = 0.25, n: Any = 3) -> dict[str, Any]:
    """What a table may say: four memories that are all alike."""
    return {"n": n, "memories": [{"counts": counts, "trust": trust}] * len(SPANS)}


class TestBuckets:
    @pytest.mark.parametrize(
        ("seconds", "bucket"),
        [
            pytest.param(0.0, 0, id="nothing"),
            pytest.param(SHORTEST, 0, id="the lowest edge"),
            pytest.param(SHORTEST * RATIO - 1e-6, 0, id="just below the second"),
            pytest.param(SHORTEST * RATIO, 1, id="the second edge"),
            pytest.param(SHORTEST * RATIO**159, 159, id="the last edge"),
            pytest.param(1e12, 159, id="for ever"),
        ],
    )
    def test_by_edges(self, seconds: float, bucket: int) -> None:
        assert bucket_of(seconds) == bucket

    def test_every_edge_begins_its_bucket(self) -> None:
        """Whichever way its power was rounded."""
        assert [bucket_of(edge) for edge in edges()[:-1]] == list(range(BUCKETS))

    @given(SECONDS)
    def test_a_duration_lies_between_the_edges_of_its_bucket(self, seconds: float) -> None:
        bucket = bucket_of(seconds)

        assert bucket == BUCKETS - 1 or seconds < edges()[bucket + 1] * (1 + 1e-9)
        assert bucket == 0 or seconds >= edges()[bucket] * (1 - 1e-9)


class TestLearnt:
    @settings(max_examples=40)
    @given(st.lists(SECONDS, max_size=12))
    def test_probabilities(self, seconds: list[float]) -> None:
        known = learnt(*seconds)
        density = known.density()

        assert len(density) == BUCKETS
        assert min(density) > 0
        assert math.fsum(density) == pytest.approx(1)
        assert math.fsum(memory.trust for memory in known.memories) == pytest.approx(1)
        assert known.n == len(seconds)

    def test_nothing_known_is_anything(self) -> None:
        assert UNKNOWN.density() == pytest.approx([1 / BUCKETS] * BUCKETS)

    def test_three_are_a_crowd(self) -> None:
        """Enough to say when to look, not enough to be sure."""
        assert 0.5 < near(learnt(10, 10, 10).density(), 10) < 0.9

    def test_many_are_certain(self) -> None:
        assert near(learnt(*[10] * 60).density(), 10) > 0.95

    def test_cold_starts_are_a_crowd_of_their_own(self) -> None:
        """One in ten: nothing is expected in between."""
        density = learnt(*([12.0] * 9 + [100.0]) * 5).density()

        assert near(density, 12) == pytest.approx(0.9, abs=0.06)
        assert near(density, 100) == pytest.approx(0.1, abs=0.06)
        assert near(density, 35, 1.2) < 0.01

    @pytest.mark.parametrize("factor", [5, 1 / 5])
    def test_a_change_is_followed_within_a_handful(self, factor: float) -> None:
        known = learnt(*[7.0] * 100)
        for _ in range(5):
            known = known.learnt(7 * factor)

        assert near(known.density(), 7 * factor) > 0.5
        assert near(known.density(), 7 * factor) > near(known.density(), 7)

    def test_after_a_change_the_short_memory_is_trusted(self) -> None:
        before = learnt(*[7.0] * 100)
        after = before
        for _ in range(5):
            after = after.learnt(35)

        assert max(after.memories, key=lambda memory: memory.trust) == after.memories[0]
        assert after.memories[0].trust > before.memories[0].trust

    def test_one_odd_duration_is_no_change(self) -> None:
        known = learnt(*[7.0] * 60, 300, *[7.0] * 3)

        assert near(known.density(), 7) > 0.85

    def test_what_is_long_past_is_dropped(self) -> None:
        known = learnt(300, *[7.0] * 800)

        assert {*known.memories[-1].counts} == {bucket_of(7)}


class TestPlain:
    @settings(max_examples=40)
    @given(st.lists(SECONDS, min_size=1, max_size=30))
    def test_read_as_it_was_written(self, seconds: list[float]) -> None:
        known = learnt(*seconds)

        read = durations(json.loads(json.dumps(known.plain())))

        assert read.n == known.n
        assert read.density() == pytest.approx(known.density(), abs=1e-3)
        assert read.learnt(5).density() == pytest.approx(known.learnt(5).density(), abs=1e-3)

    def test_is_small(self) -> None:
        """An item is read before every look: a read unit for every 8 KB."""
        random = Random(1)
        known = learnt(*[math.exp(random.uniform(-8, 8)) for _ in range(500)])

        assert len(json.dumps(known.plain(), separators=(",", ":"))) < LONGEST_JSON

    def test_unknown_is_read_as_unknown(self) -> None:
        assert durations(UNKNOWN.plain()) == UNKNOWN

    @pytest.mark.parametrize(
        "said",
        [
            pytest.param(None, id="nothing"),
            pytest.param("memories", id="text"),
            pytest.param([], id="a list"),
            pytest.param({}, id="empty"),
            pytest.param({"n": 3, "memories": {}}, id="no memory"),
            pytest.param({"n": 3, "memories": as_plain({"5": 1})["memories"][:3]}, id="three memories"),
            pytest.param({"n": 3, "memories": as_plain({"5": 1}, 0.2)["memories"] * 5}, id="many memories"),
            pytest.param(as_plain({"5": 1}, n=0), id="none made it"),
            pytest.param(as_plain({"5": 1}, n=-3), id="fewer than none made it"),
            pytest.param(as_plain({"5": 1}, n=3.5), id="half of one made it"),
            pytest.param(as_plain({"5": 1}, n=True), id="a boolean made it"),
            pytest.param(as_plain({"5": 1}, n="3"), id="a text made it"),
            pytest.param(as_plain({}), id="no counts"),
            pytest.param(as_plain([1, 2]), id="counts without buckets"),
            pytest.param(as_plain({"-1": 1}), id="a bucket before the first"),
            pytest.param(as_plain({"160": 1}), id="a bucket after the last"),
            pytest.param(as_plain({"x": 1}), id="a bucket that is no number"),
            pytest.param(as_plain({"5": 0}), id="a count of nothing"),
            pytest.param(as_plain({"5": -1}), id="a count below nothing"),
            pytest.param(as_plain({"5": math.nan}), id="a count that is no number"),
            pytest.param(as_plain({"5": math.inf}), id="a count without end"),
            pytest.param(as_plain({"5": 10**400}), id="a count that no float holds"),
            pytest.param(as_plain({"5": 1e308, "6": 1e308}), id="counts whose sum no float holds"),
            pytest.param(as_plain({"5": 5e-324}), id="a count of hardly anything"),
            pytest.param(as_plain({"5": "many"}), id="a count in words"),
            pytest.param(as_plain({"5": 1}, 1.0), id="too much trust"),
            pytest.param(as_plain({"5": 1}, 0.0), id="no trust"),
            pytest.param(as_plain({"5": 1}, math.nan), id="trust that is no number"),
            pytest.param(as_plain({"5": 1}, None), id="trust that is nothing"),
            pytest.param(
                {"n": 3, "memories": [{"counts": {"5": 1}, "trust": t} for t in (-1, 1, 0.5, 0.5)]}, id="owed"
            ),
        ],
    )
    def test_garbage_is_unknown(self, said: Any) -> None:
        assert durations(said) == UNKNOWN

    @given(
        JSON
        | st.fixed_dictionaries(
            {
                "n": JSON | st.just(3),
                "memories": JSON
                | st.lists(
                    st.fixed_dictionaries(
                        {
                            "counts": JSON
                            | st.dictionaries(
                                st.integers(-3, 170).map(str),
                                st.floats() | st.integers(),
                                max_size=4,
                            ),
                            "trust": JSON | st.just(0.25),
                        }
                    ),
                    min_size=4,
                    max_size=4,
                ),
            }
        )
    )
    def test_any_json_gives_probabilities(self, said: Any) -> None:
        known = durations(said)

        assert math.fsum(known.density()) == pytest.approx(1)
        assert math.fsum(known.learnt(7).density()) == pytest.approx(1)


class TestStill:
    def test_at_first_nothing_is_excluded(self) -> None:
        density = learnt(5, 50).density()

        assert still(density, 0) == pytest.approx(density)

    @given(st.floats(0, 1e7))
    def test_probabilities_of_what_is_ahead(self, elapsed: float) -> None:
        left = still(learnt(5, 50, 500).density(), elapsed)

        assert math.fsum(left) == pytest.approx(1)
        assert all(not part for part, end in zip(left[:-1], edges()[1:-1], strict=True) if end <= elapsed)

    def test_half_of_a_bucket(self) -> None:
        """A bucket of which half is past counts half."""
        density = [0.0] * BUCKETS
        density[20] = density[21] = 0.5
        begin, end = edges()[20:22]

        left = still(density, (begin + end) / 2)

        assert left[20:22] == pytest.approx([1 / 3, 2 / 3])

    def test_longer_than_anything_is_the_longest(self) -> None:
        assert still(learnt(5).density(), 1e9) == [0.0] * (BUCKETS - 1) + [1.0]


class TestTogether:
    def test_two_spikes(self) -> None:
        """One after the other takes as long as both."""
        boot, run = [0.0] * BUCKETS, [0.0] * BUCKETS
        boot[bucket_of(90)], run[bucket_of(12)] = 1.0, 1.0

        summed = together(boot, run)

        assert math.fsum(summed) == pytest.approx(1)
        assert near(summed, 102, 1.1) == 1

    def test_no_boot_changes_little(self) -> None:
        """What lies in the first bucket is nearly nothing."""
        boot, run = [0.0] * BUCKETS, [0.0] * BUCKETS
        boot[0], run[bucket_of(12)] = 1.0, 1.0

        assert together(boot, run) == run

    def test_as_drawn(self) -> None:
        """Against sums of durations that are drawn from the same two."""
        random = Random(1)
        boots, runs = learnt(*[0, 0, 90, 0, 0, 80] * 6).density(), learnt(*[12, 10, 14] * 10).density()
        middles = [0.0, *[(begin + end) / 2 for begin, end in pairwise(edges())][1:]]
        drawn = [
            bucket_of(boot + run)
            for boot, run in zip(
                random.choices(middles, boots, k=40_000),
                random.choices(middles, runs, k=40_000),
                strict=True,
            )
        ]

        summed = together(boots, runs)

        for seconds in (5, 12, 30, 90, 110, 300):
            wanted = sum(bucket <= bucket_of(seconds) for bucket in drawn) / len(drawn)
            assert math.fsum(summed[: bucket_of(seconds) + 1]) / math.fsum(summed) == pytest.approx(wanted, abs=0.05)
