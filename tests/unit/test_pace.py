"""What is expected of a prediction by what is known of others: when, by which clock, and with or without a webhook."""

import pytest

from lumeo import clock
from lumeo.experience import NOTHING, Ended, Experience
from lumeo.polling import Expected
from lumeo.prediction import Phase, Prediction, Snapshot, Status, Upstream
from lumeo.providers import provider
from lumeo.steps import pace
from tests.conftest import TestClock
from tests.unit.make import HANDLE, NOW, prediction

pytestmark = pytest.mark.usefixtures("environment", "test_clock")


def taught(run: float, boot: float | None = None, *, n: int = 20, heard: bool | None = None) -> Experience:
    known = NOTHING
    for _ in range(n):
        known = known.learnt(Ended(boot, run, heard), NOW)
    return known


def looked(status: Status = Status.PROCESSING, started: float | None = None) -> Snapshot:
    """What a look showed; `started` in seconds since it was submitted."""
    return Snapshot(
        status=status, upstream=Upstream(started_at=None if started is None else clock.later(started, than=NOW))
    )


def running(**changes: object) -> Prediction:
    return prediction(Phase.RUNNING, **changes)


def expected(others: Experience, snapshot: Snapshot | None = None, one: Prediction | None = None) -> Expected | None:
    return pace.expected(one or running(), others, HANDLE, snapshot)


class TestExpected:
    @pytest.mark.parametrize(("n", "known"), [(0, False), (2, False), (3, True)])
    def test_three_are_enough(self, n: int, *, known: bool) -> None:
        assert (expected(taught(7, n=n)) is not None) == known

    @pytest.mark.parametrize(
        ("snapshot", "elapsed"),
        [
            pytest.param(None, 100, id="nothing was seen yet"),
            pytest.param(looked(Status.STARTING), 100, id="it boots"),
            pytest.param(looked(started=90), 10, id="it runs"),
            pytest.param(looked(), 100, id="it runs, nobody says since when"),
            pytest.param(looked(started=100), 0, id="it runs now"),
            pytest.param(looked(started=3), 97, id="it ran nearly from the first"),
            pytest.param(looked(started=103), 0, id="by a clock that is fast"),
            pytest.param(looked(started=3700), 100, id="since a time in an hour"),
            pytest.param(looked(started=-3500), 100, id="since an hour ago"),
        ],
    )
    def test_by_which_clock(self, test_clock: TestClock, snapshot: Snapshot | None, elapsed: float) -> None:
        """A boot is not a run; what a provider's clock cannot mean is as if it had not been said."""
        test_clock.passes(100)
        soon = expected(taught(12, 90), snapshot)

        assert soon
        assert soon.elapsed == pytest.approx(elapsed)

    def test_time_of_no_zone(self, test_clock: TestClock) -> None:
        test_clock.passes(20)
        said = Snapshot(status=Status.PROCESSING, upstream=Upstream(started_at="2026-11-21T10:00:01"))
        soon = expected(taught(12), said)

        assert soon
        assert soon.elapsed == 20

    @pytest.mark.parametrize(
        ("webhook", "wakes", "lost"),
        [
            pytest.param(False, 0, 1, id="none is expected"),
            pytest.param(True, 0, 0.05, id="one is expected"),
            pytest.param(True, 1, 1, id="one came, and it was not the end"),
        ],
    )
    def test_share_that_only_a_look_finds(self, webhook: bool, wakes: int, lost: float) -> None:  # noqa: FBT001 (a case)
        soon = expected(taught(7), one=running(webhook=webhook, wakes=wakes))

        assert soon
        assert soon.lost == lost


class TestWait:
    def test_with_a_webhook_it_is_insurance(self) -> None:
        """It mostly comes: the look after it may."""
        others, called = taught(10, heard=True), running(webhook=True)

        alone, insured = pace.wait(running(), 0, expected(others)), pace.wait(called, 0, expected(others, one=called))
        assert 8 <= alone <= 13 <= insured <= 60

    def test_where_most_webhooks_are_missed_it_is_hardly_any(self) -> None:
        others, called = taught(10, n=100, heard=False), running(webhook=True)

        assert 8 <= pace.wait(called, 0, expected(others, one=called)) <= 14

    @pytest.mark.parametrize("left", [0.4, 5, 30.5])
    def test_not_past_the_deadline(self, left: float) -> None:
        one = running(deadline=clock.later(left))

        assert left <= pace.wait(one, 0, expected(taught(300))) <= left + 1

    def test_past_the_deadline_the_wait_is_as_ever(self) -> None:
        assert pace.wait(running(deadline=clock.later(-5)), 0, expected(taught(10))) >= 8


class TestHold:
    def test_of_what_ends_at_once(self) -> None:
        assert 0.25 <= (pace.hold(running(), expected(taught(0.5))) or 0) <= 1

    def test_of_what_nothing_is_known(self) -> None:
        assert pace.hold(running(), None) is None

    def test_of_what_takes_its_time(self) -> None:
        assert pace.hold(running(), expected(taught(7))) is None

    def test_for_nobody_who_is_in_no_hurry(self) -> None:
        """A provider whose first wait is longer wants no looks in between."""
        batch = running(provider="anthropic")

        assert provider("anthropic").polling.first > 1
        assert pace.hold(batch, expected(taught(0.5), one=batch)) is None

    @pytest.mark.parametrize(("seconds", "held"), [(0.5, True), (1.5, True), (2.8, False), (30, False)])
    def test_three_seconds_in_all(self, test_clock: TestClock, seconds: float, *, held: bool) -> None:
        """Looks count too: a provider that is slow to answer is not waited for."""
        soon = expected(taught(0.5))
        test_clock.passes(seconds)

        found = pace.hold(running(), soon, NOW)
        assert (found is not None) == held
        assert found is None or found <= 3 - seconds
