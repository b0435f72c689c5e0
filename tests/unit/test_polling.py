"""When to look again: whole seconds within the policy, right on average, patient in trouble, punctual at the end."""

from itertools import chain, repeat
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumeo.checking import Odds
from lumeo.histograms import BUCKETS, UNKNOWN
from lumeo.polling import (
    BELIEVED,
    INSURED,
    SEARCH_CAP,
    TROUBLE_CAP,
    Expected,
    Policy,
    learnt_wait,
    room_wait,
    search_wait,
    trouble_wait,
    until,
    wait,
)
from lumeo.providers.replicate import Replicate

REPLICATE = Replicate.polling
SLOW = Policy(first=10, factor=2, cap=300, deadline=86_400, result_window=86_400)
GRID = [(n + 0.5) / 100 for n in range(100)]

CHANCES = st.floats(0, 1, exclude_max=True)
POLICIES = st.tuples(st.floats(1, 1e9), st.floats(1, 1e9), st.floats(1, 1e300)).map(
    lambda drawn: Policy(
        first=min(drawn[:2]), cap=max(drawn[:2]), factor=drawn[2], deadline=86_400, result_window=86_400
    )
)


def mean(policy: Policy, looks: int) -> float:
    """The mean of a wait over everything that chance may bring."""
    waits = [wait(policy, looks, chance=iter((one, two)).__next__) for one in GRID for two in GRID]
    return sum(waits) / len(waits)


class TestPolicy:
    def test_replicates_is_the_designs(self) -> None:
        assert Policy(first=1, factor=1.5, cap=5, deadline=3600, result_window=3600) == REPLICATE

    @pytest.mark.parametrize(
        "wrong",
        [
            pytest.param({"first": 0.5}, id="first below a second"),
            pytest.param({"first": 6}, id="first above the cap"),
            pytest.param({"factor": 0.9}, id="shrinking"),
            pytest.param({"factor": float("nan")}, id="no number"),
            pytest.param({"deadline": 0}, id="no time"),
            pytest.param({"result_window": 0}, id="no window"),
        ],
    )
    def test_nonsense_is_refused(self, wrong: dict[str, Any]) -> None:
        values: dict[str, Any] = {"first": 1, "factor": 1.5, "cap": 5, "deadline": 60, "result_window": 60}

        with pytest.raises(ValueError, match="not a polling policy"):
            Policy(**values | wrong)


class TestWait:
    @given(POLICIES, st.integers(0, 10**9), CHANCES, CHANCES)
    def test_whole_seconds_from_one_to_the_cap(self, policy: Policy, looks: int, one: float, two: float) -> None:
        seconds = wait(policy, looks, chance=iter((one, two)).__next__)

        assert type(seconds) is int
        assert 1 <= seconds <= policy.cap

    @pytest.mark.parametrize(
        ("policy", "looks", "expected"),
        [
            pytest.param(REPLICATE, 1, 1.5, id="second"),
            pytest.param(REPLICATE, 2, 2.25, id="third"),
            pytest.param(REPLICATE, 3, 3.375, id="fourth"),
            pytest.param(SLOW, 0, 10, id="slow, first"),
            pytest.param(SLOW, 4, 160, id="slow, fifth"),
        ],
    )
    def test_mean_is_exact(self, policy: Policy, looks: int, expected: float) -> None:
        """Whole seconds cannot say 1.5: every other wait is one second longer."""
        assert mean(policy, looks) == pytest.approx(expected, abs=0.01)

    @pytest.mark.parametrize(
        ("looks", "expected"),
        [pytest.param(0, 1, id="first"), pytest.param(4, 5, id="at the cap"), pytest.param(700, 5, id="long after")],
    )
    def test_mean_is_near_at_the_limits(self, looks: int, expected: float) -> None:
        """Half of the jitter is cut off there: a fortieth."""
        assert mean(REPLICATE, looks) == pytest.approx(expected, rel=0.026)

    def test_grows_to_the_cap_and_stays(self) -> None:
        means = [mean(REPLICATE, looks) for looks in range(8)]

        assert means[:5] == sorted(means[:5])
        assert means[4:] == [means[4]] * 4

    @pytest.mark.parametrize("looks", range(6))
    def test_jitter_is_a_tenth(self, looks: int) -> None:
        ideal = min(300, 10 * 2**looks)

        least, most = (wait(SLOW, looks, chance=iter((one, 0.5)).__next__) for one in (0, 0.999999))

        assert least == pytest.approx(ideal * 0.9, abs=1)
        assert most == pytest.approx(min(300, ideal * 1.1), abs=1)

    def test_slow_growth_reaches_its_cap(self) -> None:
        policy = Policy(first=1, factor=1.01, cap=60, deadline=86_400, result_window=86_400)

        assert wait(policy, 10_000, chance=lambda: 0.5) == 60

    @pytest.mark.parametrize("factor", [1e5, 1e300])
    def test_steep_growth_reaches_its_cap(self, factor: float) -> None:
        policy = Policy(first=1, factor=factor, cap=60, deadline=86_400, result_window=86_400)

        assert wait(policy, 1000, chance=lambda: 0.5) == 60

    def test_a_prediction_needs_few_rounds(self) -> None:
        """An execution's history ends at 25,000 events: at most 1,500 rounds until the deadline."""
        rounds, passed = 0, 0
        while passed < REPLICATE.deadline:
            passed += wait(REPLICATE, rounds, chance=lambda: 0.0)
            rounds += 1

        assert rounds <= 1500

    def test_chance_is_its_own_by_default(self) -> None:
        assert {wait(SLOW, 3) for _ in range(200)} <= set(range(72, 90))


class TestWaitForWebhook:
    """A look that a webhook makes needless is insurance: it comes later, and still in whole seconds."""

    @pytest.mark.parametrize(
        ("looks", "expected"),
        [
            pytest.param(0, 6, id="first"),
            pytest.param(1, 9, id="second"),
            pytest.param(2, 13.5, id="third"),
            pytest.param(3, 20.25, id="fourth"),
        ],
    )
    def test_is_so_much_longer(self, looks: int, expected: float) -> None:
        waits = [wait(REPLICATE, looks, webhook=True, chance=iter((one, two)).__next__) for one in GRID for two in GRID]

        assert INSURED == 6
        assert sum(waits) / len(waits) == pytest.approx(expected, abs=0.01)

    @given(POLICIES, st.integers(0, 10**9), CHANCES, CHANCES)
    def test_whole_seconds_up_to_a_cap_as_much_longer(self, policy: Policy, looks: int, one: float, two: float) -> None:
        seconds = wait(policy, looks, webhook=True, chance=iter((one, two)).__next__)

        assert type(seconds) is int
        assert 1 <= seconds <= policy.cap * INSURED

    def test_lost_webhooks_cost_no_more_than_that(self) -> None:
        """Half a minute at most, were none ever to come."""
        assert max(wait(REPLICATE, looks, webhook=True) for looks in range(200)) <= 30

    def test_without_one_nothing_is_longer(self) -> None:
        for looks in range(20):
            plain, said = (iter((0.3, 0.6)).__next__ for _ in range(2))

            assert wait(REPLICATE, looks, chance=plain) == wait(REPLICATE, looks, webhook=False, chance=said)


class TestRoomWait:
    """A provider's word for when it has room is taken as it stands, while that seems to be true."""

    @pytest.mark.parametrize("refusals", range(1, BELIEVED + 1))
    @pytest.mark.parametrize("after", [0, 0.5, 1, 7, 3600])
    def test_is_believed(self, refusals: int, after: float) -> None:
        assert room_wait(REPLICATE, refusals, after) == after

    def test_is_not_believed_for_ever(self) -> None:
        """Who says "in a second" each time would be asked each second until the deadline."""
        waits = [room_wait(REPLICATE, n, 1, chance=lambda: 0.0) for n in range(1, 9)]

        assert waits == [1, 1, 1, 5, 10, 20, 40, 60]

    def test_is_a_lower_bound_all_the_same(self) -> None:
        assert room_wait(REPLICATE, 10, 600, chance=lambda: 0.0) == 600

    def test_without_a_word_it_grows_at_once(self) -> None:
        assert [room_wait(REPLICATE, n, None, chance=lambda: 0.0) for n in range(1, 6)] == [5, 10, 20, 40, 60]


class TestSearchWait:
    @pytest.mark.parametrize(
        ("seconds", "left", "expected"),
        [
            pytest.param(0, 1000, 2, id="at once"),
            pytest.param(2, 1000, 2, id="after two seconds"),
            pytest.param(5, 1000, 3, id="half of what has passed, rounded up"),
            pytest.param(20, 1000, 10, id="longer and longer"),
            pytest.param(60, 1000, SEARCH_CAP, id="to the cap"),
            pytest.param(86_400, 1000, SEARCH_CAP, id="and no longer"),
            pytest.param(60, 7.2, 8, id="until it can be shown to be absent"),
            pytest.param(60, 0, SEARCH_CAP, id="past it"),
            pytest.param(-5, 1000, 2, id="a clock that was put back"),
        ],
    )
    def test_often_at_first(self, seconds: float, left: float, expected: int) -> None:
        assert search_wait(seconds, left) == expected

    @given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
    def test_whole_seconds(self, seconds: float, left: float) -> None:
        found = search_wait(seconds, left)

        assert type(found) is int
        assert 1 <= found <= SEARCH_CAP

    def test_a_search_is_few_looks(self) -> None:
        """A list is asked for by each: the minute and a half until absence can be shown are about ten."""
        passed, looks = 2.0, 0
        while passed < 90:
            passed += search_wait(passed, 90 - passed)
            looks += 1

        assert looks <= 10
        assert passed < 92


class TestLearntWait:
    TEN = Odds.of(UNKNOWN.learnt(10).learnt(10).learnt(10).learnt(10).density())

    @settings(max_examples=60)
    @given(
        POLICIES,
        st.lists(st.floats(0, 1), min_size=BUCKETS, max_size=BUCKETS).filter(any),
        st.floats(0, 1e9),
        st.floats(0.01, 1),
        CHANCES,
    )
    def test_whole_seconds_from_the_first_to_the_longest(
        self, policy: Policy, density: list[float], elapsed: float, lost: float, chance: float
    ) -> None:
        """Whatever was learnt; a first wait with a fraction ends in the second after it."""
        expected = Expected(Odds.of(density), elapsed, lost)
        seconds = learnt_wait(policy, expected, chance=lambda: chance)

        assert type(seconds) is int
        assert policy.first <= seconds <= max(policy.longest, policy.first + 1)

    @pytest.mark.parametrize(
        ("policy", "elapsed", "lost", "least", "most"),
        [
            pytest.param(REPLICATE, 0, 1, 9, 12, id="when others end"),
            pytest.param(REPLICATE, 4, 1, 5, 8, id="from later on"),
            pytest.param(REPLICATE, 0, 0.01, 12, 40, id="most webhooks come"),
            pytest.param(REPLICATE, 1e8, 1, 600, 600, id="while its result is there"),
            pytest.param(SLOW, 12, 1, 10, 10, id="nobody hurries for a batch"),
        ],
    )
    def test_of_what_takes_ten_seconds(
        self, policy: Policy, elapsed: float, lost: float, least: int, most: int
    ) -> None:
        assert least <= learnt_wait(policy, Expected(self.TEN, elapsed, lost), chance=lambda: 0.5) <= most

    def test_those_that_began_together_drift_apart(self) -> None:
        """A little around the best, so that not all look in the same second."""
        far = Expected(Odds.of(UNKNOWN.learnt(3000).learnt(3000).learnt(3000).density()), 0)
        policy = Policy(first=60, factor=2, cap=600, deadline=86_400, result_window=86_400)

        least, mean, most = (
            learnt_wait(policy, far, chance=iter((drawn, 0.5)).__next__) for drawn in (0, 0.5, 0.999999)
        )

        assert [least, most] == pytest.approx([0.97 * mean, 1.03 * mean], abs=2)
        assert least < mean < most


class TestTroubleWait:
    @pytest.mark.parametrize(
        ("policy", "waits"),
        [
            pytest.param(REPLICATE, [5, 10, 20, 40, 60, 60, 60], id="to the cap of trouble"),
            pytest.param(SLOW, [300, 300, 300], id="a policy's cap above it"),
        ],
    )
    def test_doubles_from_the_cap(self, policy: Policy, waits: list[int]) -> None:
        found = [trouble_wait(policy, n, None, chance=lambda: 0.0) for n in range(1, len(waits) + 1)]

        assert found == waits

    @pytest.mark.parametrize(
        ("after", "expected"),
        [
            pytest.param(None, 5, id="no wish"),
            pytest.param(0, 5, id="at once"),
            pytest.param(3, 5, id="sooner than ours"),
            pytest.param(5.2, 6, id="a fraction"),
            pytest.param(30, 30, id="later than ours"),
            pytest.param(3600, 3600, id="later than our cap"),
        ],
    )
    def test_honours_the_providers_wish(self, after: float | None, expected: int) -> None:
        assert trouble_wait(REPLICATE, 1, after, chance=lambda: 0.0) == expected

    @given(POLICIES, st.integers(1, 10**9), st.none() | st.floats(0, 86_400), CHANCES)
    def test_whole_seconds_and_never_too_soon(
        self, policy: Policy, troubles: int, after: float | None, chance: float
    ) -> None:
        seconds = trouble_wait(policy, troubles, after, chance=lambda: chance)

        assert type(seconds) is int
        assert max(1, after or 0) <= seconds <= max(policy.cap, TROUBLE_CAP, after or 0) + 1

    def test_jitter_only_shortens(self) -> None:
        chances = chain([0.0, 0.25, 0.5, 0.75], repeat(0.999999))

        waits = [trouble_wait(REPLICATE, 4, None, chance=chances.__next__) for _ in range(5)]

        assert waits == [40, 39, 38, 37, 37]


@pytest.mark.parametrize(
    ("left", "wanted", "expected"),
    [
        pytest.param(100.0, 5, 5, id="far away"),
        pytest.param(5.0, 5, 5, id="just then"),
        pytest.param(3.2, 5, 4, id="right after it"),
        pytest.param(3.0, 5, 3, id="whole seconds"),
        pytest.param(0.001, 5, 1, id="at once"),
        pytest.param(0.0, 5, 5, id="now"),
        pytest.param(-10.0, 5, 5, id="past"),
    ],
)
def test_until_the_deadline(left: float, wanted: int, expected: int) -> None:
    assert until(left, wanted) == expected


@given(st.floats(-1e9, 1e9), st.integers(1, 10**6))
def test_until_never_looks_before_the_deadline_for_nothing(left: float, wanted: int) -> None:
    seconds = until(left, wanted)

    assert type(seconds) is int
    assert 1 <= seconds <= wanted
    assert seconds == wanted or left <= seconds <= left + 1
