"""Times: one form, that sorts as it passes; and whose clock it is."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumeo import clock
from tests.conftest import TestClock

MOMENTS = st.datetimes(timezones=st.just(UTC))


class TestStamp:
    @pytest.mark.parametrize(
        ("moment", "text"),
        [
            pytest.param(datetime(2026, 11, 21, 10, tzinfo=UTC), "2026-11-21T10:00:00.000Z", id="on the hour"),
            pytest.param(datetime(2026, 1, 2, 3, 4, 5, 6789, UTC), "2026-01-02T03:04:05.006Z", id="microseconds"),
            pytest.param(
                datetime(2026, 1, 2, 3, 4, 5, 999_999, UTC), "2026-01-02T03:04:05.999Z", id="never rounded up"
            ),
            pytest.param(
                datetime(2026, 11, 21, 12, tzinfo=timezone(timedelta(hours=2))), "2026-11-21T10:00:00.000Z", id="a zone"
            ),
        ],
    )
    def test_form(self, moment: datetime, text: str) -> None:
        assert clock.stamp(moment) == text

    @given(MOMENTS, MOMENTS)
    def test_sorts_as_time_passes(self, one: datetime, other: datetime) -> None:
        assert (clock.stamp(one) <= clock.stamp(other)) or one > other

    @given(MOMENTS)
    def test_is_read_back(self, moment: datetime) -> None:
        assert timedelta(0) <= moment - clock.parse(clock.stamp(moment)) < timedelta(milliseconds=1)


class TestParse:
    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            pytest.param("2026-04-22T11:15:15.329Z", datetime(2026, 4, 22, 11, 15, 15, 329_000, UTC), id="milli"),
            pytest.param("2026-04-22T11:15:15.803915Z", datetime(2026, 4, 22, 11, 15, 15, 803_915, UTC), id="micro"),
            pytest.param("2026-04-22T11:15:15.329000123Z", datetime(2026, 4, 22, 11, 15, 15, 329_000, UTC), id="nano"),
            pytest.param("2026-04-22T11:15:15Z", datetime(2026, 4, 22, 11, 15, 15, 0, UTC), id="seconds"),
            pytest.param("2026-04-22T13:15:15+02:00", datetime(2026, 4, 22, 11, 15, 15, 0, UTC), id="a zone"),
            pytest.param(" 2026-04-22T11:15:15Z\n", datetime(2026, 4, 22, 11, 15, 15, 0, UTC), id="space around it"),
        ],
    )
    def test_what_providers_write(self, text: str, moment: datetime) -> None:
        assert clock.parse(text) == moment

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("", id="nothing"),
            pytest.param("soon", id="a word"),
            pytest.param("2026-04-22T11:15:15", id="no zone"),
            pytest.param("2026-04-22", id="a day"),
            pytest.param("2026-13-01T00:00:00Z", id="a thirteenth month"),
            pytest.param("2026-04-22T25:00:00Z", id="a 26th hour"),
            pytest.param("1792000000", id="epoch seconds"),
            pytest.param("0001-01-01T00:00:00+23:59", id="before all times"),
            pytest.param("9999-12-31T23:59:59-23:59", id="after all times"),
        ],
    )
    def test_what_is_none(self, text: str) -> None:
        with pytest.raises(ValueError):  # noqa: PT011 (several words for it)
            clock.parse(text)

    @given(st.text())
    def test_any_text_is_a_moment_or_a_value_error(self, text: str) -> None:
        try:
            moment = clock.parse(text)
        except ValueError:
            return

        assert moment.utcoffset() == timedelta(0)


class TestPassing:
    @pytest.mark.usefixtures("test_clock")
    def test_later_than_now(self) -> None:
        assert clock.later(90.5) == "2026-11-21T10:01:30.500Z"

    def test_later_than_a_moment(self) -> None:
        assert clock.later(-1, "2026-11-21T10:00:00.000Z") == "2026-11-21T09:59:59.000Z"

    def test_seconds_between(self) -> None:
        assert clock.seconds_between("2026-11-21T10:00:00.000Z", "2026-11-21T10:00:01.250Z") == 1.25
        assert clock.seconds_between("2026-11-21T10:00:01.250Z", "2026-11-21T10:00:00.000Z") == -1.25

    @pytest.mark.usefixtures("test_clock")
    def test_a_test_owns_time(self) -> None:
        clock.sleep(3600)

        assert clock.stamp() == "2026-11-21T11:00:00.000Z"

    def test_the_clock_is_put_back(self) -> None:
        mine = TestClock()
        with clock.using(mine):
            assert clock.now() == mine.time

        assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)

    def test_the_clock_is_put_back_after_an_error(self) -> None:
        with pytest.raises(KeyError), clock.using(TestClock()):
            raise KeyError

        assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
