"""What is expected of a prediction by what is known of others: when, by which clock, and with or without a webhook."""

import json

import boto3
import pytest

from lumeo import clock, settings
from lumeo.experience import NOTHING, Ended
from lumeo.items import pack
from lumeo.polling import Expected
from lumeo.prediction import Phase, Prediction, Snapshot, Status, Upstream
from lumeo.providers import provider
from lumeo.steps import pace
from tests.conftest import TestClock
from tests.unit.make import HANDLE, NOW, prediction

pytestmark = pytest.mark.usefixtures("cloud", "test_clock")


def teach(
    run: float, boot: float | None = None, *, n: int = 20, heard: bool | None = None, of: str = "replicate"
) -> None:
    """Have the table know of so many predictions of the model."""
    known = NOTHING
    for _ in range(n):
        known = known.learnt(Ended(boot, run, heard), NOW)
    text = {"boot": known.boot.plain(), "run": known.run.plain(), "webhooks": known.webhooks}
    item = {"pk": f"stats#{of}#stability-ai/sdxl", "n": n, "at": NOW, "learnt": json.dumps(text)}
    boto3.client("dynamodb").put_item(TableName=settings.table_name(), Item=pack(item))


def looked(status: Status = Status.PROCESSING, started: float | None = None) -> Snapshot:
    """What a look showed; `started` in seconds since it was submitted."""
    return Snapshot(
        status=status, upstream=Upstream(started_at=None if started is None else clock.later(started, than=NOW))
    )


def running(**changes: object) -> Prediction:
    return prediction(Phase.RUNNING, **changes)


def expected(snapshot: Snapshot | None = None, one: Prediction | None = None) -> Expected | None:
    """What is expected of one that booted when it was last seen, unless it is said how it was seen."""
    return pace.expected(one or running(), HANDLE, snapshot or looked(Status.STARTING))


class TestAtFirst:
    @pytest.mark.parametrize(("n", "known"), [(0, False), (2, False), (3, True)])
    def test_three_are_enough(self, n: int, *, known: bool) -> None:
        teach(7, n=n)

        assert (pace.at_first(running(), called=False) is not None) == known

    @pytest.mark.parametrize(("called", "lost"), [(False, 1), (True, 0.05)])
    def test_from_its_submission_on(self, test_clock: TestClock, *, called: bool, lost: float) -> None:
        teach(7)
        test_clock.passes(100)
        soon = pace.at_first(running(), called=called)

        assert soon
        assert (soon.elapsed, soon.lost) == (0, lost)

    def test_boots_and_runs_add_up(self) -> None:
        teach(12, 90)
        soon = pace.at_first(running(), called=False)

        assert soon
        assert [soon.odds.at(70)[0], soon.odds.at(130)[0]] == pytest.approx([0, 1], abs=0.2)


class TestExpected:
    @pytest.mark.parametrize(("n", "known"), [(0, False), (2, False), (3, True)])
    def test_three_are_enough(self, n: int, *, known: bool) -> None:
        teach(7, n=n)

        assert (expected() is not None) == known

    @pytest.mark.parametrize(
        ("snapshot", "elapsed"),
        [
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
    def test_by_which_clock(self, test_clock: TestClock, snapshot: Snapshot, elapsed: float) -> None:
        """A boot is not a run; what a provider's clock cannot mean is as if it had not been said."""
        teach(12, 90)
        test_clock.passes(100)
        soon = expected(snapshot)

        assert soon
        assert soon.elapsed == pytest.approx(elapsed)

    def test_time_of_no_zone(self, test_clock: TestClock) -> None:
        teach(12)
        test_clock.passes(20)
        soon = expected(Snapshot(status=Status.PROCESSING, upstream=Upstream(started_at="2026-11-21T10:00:01")))

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
        teach(7)
        soon = expected(one=running(webhook=webhook, wakes=wakes))

        assert soon
        assert soon.lost == lost


class TestWait:
    def test_with_a_webhook_it_is_insurance(self) -> None:
        """It mostly comes: the look after it may."""
        teach(10, heard=True)
        called = running(webhook=True)

        alone, insured = pace.wait(running(), 0, expected()), pace.wait(called, 0, expected(one=called))
        assert 8 <= alone <= 11 < insured <= 60

    def test_where_most_webhooks_are_missed_it_is_hardly_any(self) -> None:
        teach(10, n=100, heard=False)
        called = running(webhook=True)

        assert 8 <= pace.wait(called, 0, expected(one=called)) <= 14

    @pytest.mark.parametrize("left", [0.4, 5, 30.5])
    def test_not_past_the_deadline(self, left: float) -> None:
        teach(300)
        one = running(deadline=clock.later(left))

        assert left <= pace.wait(one, 0, expected()) <= left + 1

    def test_past_the_deadline_the_wait_is_as_ever(self) -> None:
        teach(10)

        assert pace.wait(running(deadline=clock.later(-5)), 0, expected()) >= 8


class TestHold:
    def test_of_what_ends_at_once(self) -> None:
        teach(0.5)

        assert 0.25 <= (pace.hold(running(), expected()) or 0) <= 1

    def test_of_what_nothing_is_known(self) -> None:
        assert pace.hold(running(), None) is None

    def test_of_what_takes_its_time(self) -> None:
        teach(7)

        assert expected()
        assert pace.hold(running(), expected()) is None

    def test_for_nobody_who_is_in_no_hurry(self) -> None:
        """A provider whose first wait is longer wants no looks in between."""
        teach(0.5, of="anthropic")
        batch = running(provider="anthropic")

        assert provider("anthropic").polling.first > 1
        assert expected(one=batch)
        assert pace.hold(batch, expected(one=batch)) is None

    @pytest.mark.parametrize(("seconds", "held"), [(0.5, True), (1.5, True), (2.8, False), (30, False)])
    def test_three_seconds_in_all(self, test_clock: TestClock, seconds: float, *, held: bool) -> None:
        """Looks count too: a provider that is slow to answer is not waited for."""
        teach(0.5)
        soon = expected()
        test_clock.passes(seconds)

        found = pace.hold(running(), soon, NOW)
        assert (found is not None) == held
        assert found is None or found <= 3 - seconds
