"""Lists: cursors lead where they say, to their owner alone, with the filters that they were made under."""

import base64
import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumeo import clock, documents, ids, listing
from lumeo.errors import ApiError
from lumeo.listing import ANSWERED, OLDEST, STATUSES, Filters, cursor, page, place
from lumeo.pages import Place
from lumeo.prediction import Phase, Prediction, Status, Upstream
from lumeo.store import store
from tests.conftest import TestClock
from tests.unit.make import ID, JSON, NOW, TEXTS, prediction

BASE = "https://lumeo.test"
OWNER = listing._owner("ann")
STAMPS = st.datetimes(datetime(2000, 1, 1), datetime(8999, 1, 1), timezones=st.just(UTC)).map(clock.stamp)  # noqa: DTZ001
LATER = "2026-11-21T10:30:00.000Z"
FILTERS = st.builds(
    Filters,
    created_after=st.none() | STAMPS,
    created_before=st.none() | STAMPS,
    status=st.none() | st.sampled_from(STATUSES),
    model=st.none() | TEXTS,
)


def filters(**changes: str) -> Filters:
    return Filters(**changes)


def encoded(value: Any) -> str:
    """A cursor as ours are made."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def in_url(url: str | None) -> dict[str, str]:
    """The query that a client sends when it follows `next` or `previous`."""
    assert url is not None
    return {"cursor": parse_qs(urlsplit(url).query)["cursor"][0]}


class TestCursor:
    @given(st.from_regex(r"[0-9a-z]{26}", fullmatch=True), STAMPS, st.booleans(), FILTERS, st.text(min_size=1))
    def test_leads_back_to_its_place_and_filters(
        self,
        thing: str,
        at: str,
        newer: bool,  # noqa: FBT001
        narrowed: Filters,
        caller: str,
    ) -> None:
        if not narrowed.between.holds(at):
            narrowed = replace(narrowed, created_after=None, created_before=None)
        known = Place(thing, at, newer)

        assert place(caller, cursor(caller, known, narrowed)) == (known, narrowed)

    @given(FILTERS)
    def test_needs_no_escaping(self, narrowed: Filters) -> None:
        assert cursor("ann", Place(ID, NOW), narrowed).replace("-", "").replace("_", "").isalnum()

    def test_does_not_tell_the_caller(self) -> None:
        text = cursor("ann@example.com", Place(ID, NOW))

        assert b"ann" not in base64.urlsafe_b64decode(text + "==")

    def test_may_keep_its_padding(self) -> None:
        text = cursor("ann", Place(ID, NOW))

        assert place("ann", text + "=" * (-len(text) % 4)) == (Place(ID, NOW), Filters())


class TestWrongCursor:
    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("x", id="one letter"),
            pytest.param("=", id="padding alone"),
            pytest.param("!!!!", id="no base64"),
            pytest.param("\u00e9", id="no ASCII"),
            pytest.param("\ud800", id="a lone surrogate"),
            pytest.param(encoded(b"\xff\xfe"), id="no text"),
            pytest.param(encoded(b"{"), id="no JSON"),
            pytest.param(encoded(b"[" * 5000), id="deep JSON"),
            pytest.param(encoded(None), id="null"),
            pytest.param(encoded("abcde"), id="text of five letters"),
            pytest.param(encoded(dict.fromkeys("abcde", 1)), id="an object of five"),
            pytest.param(encoded([OWNER, ID, NOW, False]), id="too short"),
            pytest.param(encoded([OWNER, ID, NOW, False, {}, 1]), id="too long"),
            pytest.param(encoded([listing._owner("bob"), ID, NOW, False, {}]), id="another caller's"),
            pytest.param(encoded([None, ID, NOW, False, {}]), id="nobody's"),
            pytest.param(encoded([OWNER, "x", NOW, False, {}]), id="no id"),
            pytest.param(encoded([OWNER, 7, NOW, False, {}]), id="a number as id"),
            pytest.param(encoded([OWNER, None, NOW, False, {}]), id="null as id"),
            pytest.param(encoded([OWNER, ID, "yesterday", False, {}]), id="no time"),
            pytest.param(encoded([OWNER, ID, "2026-11-21T10:00:00", False, {}]), id="a time without a zone"),
            pytest.param(encoded([OWNER, ID, 7, False, {}]), id="a number as time"),
            pytest.param(encoded([OWNER, ID, "0001-01-01T00:00:00+23:59", False, {}]), id="a time before all times"),
            pytest.param(encoded([OWNER, ID, "9999-12-31T23:59:59-23:59", False, {}]), id="a time after all times"),
            pytest.param(encoded([OWNER, ID, NOW, "false", {}]), id="text as direction"),
            pytest.param(encoded([OWNER, ID, NOW, 0, {}]), id="a number as direction"),
            pytest.param(encoded([OWNER, ID, NOW, False, []]), id="a list as filters"),
            pytest.param(encoded([OWNER, ID, NOW, False, None]), id="null as filters"),
            pytest.param(encoded([OWNER, ID, NOW, False, {"status": "aborted"}]), id="a status that is none"),
            pytest.param(encoded([OWNER, ID, NOW, False, {"status": ["failed"]}]), id="a list of statuses"),
            pytest.param(encoded([OWNER, ID, NOW, False, {"created_after": "x"}]), id="a filter of no time"),
            pytest.param(encoded([OWNER, ID, NOW, False, {"created_after": 7}]), id="a filter of a number"),
            pytest.param(encoded([OWNER, ID, NOW, False, {"created_after": LATER}]), id="a place before its filters"),
            pytest.param(encoded([OWNER, ID, NOW, False, {"created_before": NOW}]), id="a place after its filters"),
            pytest.param("cD0yMDIzLTExLTE1KzA1OjAzOjQ3LjIwMzkwMyswMDowMA%3D%3D", id="Replicate's"),
        ],
    )
    def test_is_a_bad_request(self, text: str) -> None:
        with pytest.raises(ApiError) as caught:
            place("ann", text)

        assert caught.value.status == 400
        assert caught.value.title == "Invalid cursor"

    @given(st.text(min_size=1) | st.binary(min_size=1).map(encoded) | JSON.map(encoded))
    def test_garbage_is_a_bad_request(self, text: str) -> None:
        with pytest.raises(ApiError) as caught:
            place("ann", text)

        assert caught.value.status == 400

    @given(
        st.just(OWNER) | JSON,
        st.just(ID) | JSON,
        st.just(NOW) | st.datetimes().map(str) | JSON,
        st.booleans() | JSON,
        st.just({}) | st.dictionaries(st.sampled_from(["status", "model", "created_after", "created_before"]), JSON),
    )
    def test_a_forgery_is_a_place_or_a_bad_request(
        self, owner: Any, made: Any, at: Any, newer: Any, narrowed: Any
    ) -> None:
        try:
            found, filters = place("ann", encoded([owner, made, at, newer, narrowed]))
        except ApiError:
            return

        assert owner == OWNER
        assert ids.looks_right(found.id)
        assert isinstance(found.newer, bool)
        assert filters.between.holds(clock.stamp(clock.parse(found.created_at)))

    def test_ours_is_none_of_these(self) -> None:
        assert place("ann", encoded([OWNER, ID, NOW, False, {}])) == (Place(ID, NOW), Filters())


class TestMoments:
    """`created_after` takes in its moment, `created_before` does not; stamps have milliseconds alone."""

    @pytest.mark.parametrize(
        ("text", "holds", "not_holds"),
        [
            pytest.param(NOW, NOW, "2026-11-21T09:59:59.999Z", id="as we write it"),
            pytest.param("2026-11-21T11:00:00+01:00", NOW, "2026-11-21T09:59:59.999Z", id="of another zone"),
            pytest.param("2026-11-21T11:00:00 01:00", NOW, "2026-11-21T09:59:59.999Z", id="a plus that became a space"),
            pytest.param("2026-11-21T10:00:00.0004Z", "2026-11-21T10:00:00.001Z", NOW, id="within a millisecond"),
            pytest.param("2026-11-21T10:00:00.000999Z", "2026-11-21T10:00:00.001Z", NOW, id="just before the next"),
            pytest.param("2026-11-21T10:00:00.001Z", "2026-11-21T10:00:00.001Z", NOW, id="a millisecond"),
            pytest.param("20261121T100000Z", NOW, "2026-11-21T09:59:59.999Z", id="the short form"),
        ],
    )
    def test_where_they_lie(self, text: str, holds: str, not_holds: str) -> None:
        after = listing._filters({"created_after": text}).between
        before = listing._filters({"created_before": text}).between

        assert (after.holds(holds), after.holds(not_holds)) == (True, False)
        assert (before.holds(holds), before.holds(not_holds)) == (False, True)

    @given(st.datetimes(min_value=datetime(2000, 1, 1, 0, 0, 1), max_value=datetime(8999, 1, 1)))  # noqa: DTZ001
    def test_each_moment_is_in_one_of_them(self, moment: datetime) -> None:
        """Whatever was made: it was made before that moment, or not."""
        text = moment.replace(tzinfo=UTC).isoformat()
        after = listing._filters({"created_after": text}).between
        before = listing._filters({"created_before": text}).between

        for milliseconds in (-1, 0, 1):
            stamp = clock.stamp(moment.replace(tzinfo=UTC) + timedelta(milliseconds=milliseconds))
            assert after.holds(stamp) is not before.holds(stamp)
            assert after.holds(stamp) is (clock.parse(stamp) >= clock.parse(text))

    def test_before_lumeo_nothing_was_made(self) -> None:
        longest_ago = {"created_after": "0001-01-01T00:00:00+14:00", "created_before": "0001-01-01T00:00:00Z"}

        assert listing._filters({"created_after": "1970-01-01T00:00:00Z"}).created_after == clock.stamp(OLDEST)
        with pytest.raises(ApiError):
            listing._filters(longest_ago)
        assert listing._filters({"created_before": "0001-01-01T00:00:00Z"}).between.empty is False

    @pytest.mark.parametrize("name", ["created_after", "created_before"])
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "yesterday",
            "2026-11-21",
            "2026-11-21T10:00:00",
            "1795255200",
            "2026-13-01T00:00:00Z",
            "9999-12-31T23:59:59.9999Z",
        ],
    )
    def test_what_is_none(self, name: str, text: str) -> None:
        with pytest.raises(ApiError, match=f"{name} is not a moment") as caught:
            listing._filters({name: text})

        assert (caught.value.status, caught.value.title) == (400, f"Invalid {name}")

    @given(TEXTS)
    def test_any_text_is_a_moment_or_a_bad_request(self, text: str) -> None:
        with suppress(ApiError):
            assert clock.parse(listing._filters({"created_after": text}).created_after or "") >= OLDEST


@pytest.mark.usefixtures("cloud")
class TestPage:
    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(listing, "PAGE", 2)

    @staticmethod
    def put(n: int, phase: Phase = Phase.ACCEPTED, **changes: Any) -> Prediction:
        made = prediction(phase, id=f"{n:026}", created_at=clock.later(n, NOW), **changes)
        store().accept(made)
        return made

    def fill(self, number: int) -> list[str]:
        return [self.put(n).id for n in range(number)][::-1]

    @staticmethod
    def shown(**query: str) -> list[int]:
        """Which of those that were put are found, page after page."""
        found, one = [], page("ann", query, BASE)
        while True:
            found += [int(result["id"]) for result in one["results"]]
            if one["next"] is None:
                return found
            one = page("ann", in_url(one["next"]), BASE)

    def test_nothing_has_replicates_shape(self) -> None:
        assert page("ann", {}, BASE) == {"previous": None, "next": None, "results": []}

    def test_the_next_one_is_an_absolute_url(self) -> None:
        """Official clients follow it as it is."""
        self.fill(3)

        parts = urlsplit(page("ann", {}, BASE)["next"])

        assert (parts.scheme, parts.netloc, parts.path) == ("https", "lumeo.test", "/v1/predictions")
        assert list(parse_qs(parts.query)) == ["cursor"]

    def test_all_are_shown_forth_and_back(self) -> None:
        made = self.fill(5)

        pages = [page("ann", {}, BASE)]
        while pages[-1]["next"]:
            pages.append(page("ann", in_url(pages[-1]["next"]), BASE))
        back = [pages[-1]]
        while back[-1]["previous"]:
            back.append(page("ann", in_url(back[-1]["previous"]), BASE))

        assert [[found["id"] for found in one["results"]] for one in pages] == [made[:2], made[2:4], made[4:]]
        assert [one["results"] for one in back] == [one["results"] for one in pages[::-1]]

    def test_results_are_whole_predictions(self) -> None:
        self.fill(1)

        (found,) = page("ann", {}, BASE)["results"]

        assert found["input"] == {"prompt": "a corgi"}
        assert found["status"] == "starting"
        assert found["urls"]["get"].startswith(BASE)

    def test_another_callers_cursor_is_refused(self) -> None:
        self.fill(3)
        anns = in_url(page("ann", {}, BASE)["next"])

        with pytest.raises(ApiError, match="Invalid cursor"):
            page("bob", anns, BASE)

    def test_no_cursor_is_none(self) -> None:
        """Clients send an empty one for the first page."""
        self.fill(1)

        assert len(page("ann", {"cursor": ""}, BASE)["results"]) == 1

    def test_a_page_is_as_long_as_replicates(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.undo()

        assert listing.PAGE == 100

    @pytest.mark.parametrize(
        ("status", "found"),
        [
            pytest.param("starting", [4, 1, 0], id="not begun, or over without having run"),
            pytest.param("processing", [3, 2], id="running, or being stored"),
            pytest.param("succeeded", [7], id="succeeded"),
            pytest.param("failed", [6], id="failed"),
            pytest.param("canceled", [8, 5], id="canceled, at the provider too"),
        ],
    )
    def test_by_status_as_it_is_served(self, status: str, found: list[int]) -> None:
        self.put(0)
        self.put(1, Phase.SENDING)
        self.put(2, Phase.RUNNING)
        self.put(3, Phase.SETTLED)
        self.put(4, Phase.SETTLED, handle=None)
        ends = (Status.CANCELED, Status.FAILED, Status.SUCCEEDED, Status.ABORTED)
        for n, end in enumerate(ends, start=5):
            self.put(n, Phase.DONE, status=end)

        assert self.shown(status=status) == found

    def test_by_model_as_it_is_shown(self) -> None:
        self.put(0, model="acme/fast")
        self.put(1, model=None, version=f"acme/fast:{'0' * 64}")
        self.put(2, model=None, version="1" * 64)
        self.put(3, model=None, version="2" * 64, upstream=Upstream(model="acme/fast"))
        self.put(4, model="acme/faster")
        self.put(5, model="lumeo/fast", version=f"acme/fast:{'0' * 64}", upstream=Upstream(model="acme/fast"))

        assert self.shown(model="acme/fast") == [3, 1, 0]
        assert self.shown(model="lumeo/fast") == [5]
        assert self.shown(model="acme") == []

    def test_all_filters_hold_at_once(self) -> None:
        for n in range(6):
            self.put(n, Phase.RUNNING if n % 2 else Phase.ACCEPTED, model="acme/fast" if n < 4 else "acme/slow")

        query = {"status": "processing", "model": "acme/fast", "created_after": clock.later(2, NOW)}

        assert self.shown(**query) == [3]

    def test_filters_go_with_the_cursor(self) -> None:
        """And others beside it are not asked: official clients follow the URL as it is."""
        for n in range(6):
            self.put(n, Phase.RUNNING if n % 2 else Phase.ACCEPTED)
        first = page("ann", {"status": "processing"}, BASE)

        second = page("ann", {**in_url(first["next"]), "status": "no status"}, BASE)

        assert [int(found["id"]) for found in first["results"] + second["results"]] == [5, 3, 1]
        assert page("ann", in_url(second["previous"]), BASE)["results"] == first["results"]

    def test_between_two_moments(self) -> None:
        self.fill(6)

        assert self.shown(created_after=clock.later(1, NOW), created_before=clock.later(4, NOW)) == [3, 2, 1]

    @pytest.mark.parametrize(
        "query",
        [
            pytest.param({"source": "web"}, id="made on a web page"),
            pytest.param({"created_after": clock.later(1, NOW), "created_before": NOW}, id="after it was before"),
            pytest.param({"created_before": "1999-01-01T00:00:00Z"}, id="before Lumeo"),
        ],
    )
    def test_where_nothing_can_be(self, query: dict[str, str]) -> None:
        self.fill(1)

        assert page("ann", query, BASE) == {"previous": None, "next": None, "results": []}

    @pytest.mark.parametrize("query", [{"source": "api"}, {"source": ""}, {"status": "aborted"}, {"status": ""}])
    def test_a_filter_that_is_none(self, query: dict[str, str]) -> None:
        self.fill(1)

        with pytest.raises(ApiError) as caught:
            page("ann", query, BASE)

        assert (caught.value.status, caught.value.title) == (400, f"Invalid {min(query)}")

    def test_what_has_expired_is_not_shown(self, test_clock: TestClock) -> None:
        self.put(0, expires_at=int(test_clock.now().timestamp()))
        self.put(1, expires_at=int(test_clock.now().timestamp()) + 1)

        assert self.shown() == [1]


@pytest.mark.usefixtures("cloud")
class TestLargePage:
    """As many as an answer holds: Lambda's is 6 MB."""

    def fill(self, number: int) -> None:
        half = documents.keep(ID, "input", {"prompt": "x" * (ANSWERED // 2 - 2000)})
        for n in range(number):
            store().accept(prediction(id=f"{n:026}", created_at=clock.later(n, NOW), input=half))

    def test_is_shorter_forth_and_back(self) -> None:
        self.fill(3)

        first = page("ann", {}, BASE)
        second = page("ann", in_url(first["next"]), BASE)
        back = page("ann", in_url(second["previous"]), BASE)

        assert [[int(found["id"]) for found in one["results"]] for one in (first, second)] == [[2, 1], [0]]
        assert back["results"] == first["results"]
        assert second["next"] is None

    def test_backwards_those_beside_the_place_are_kept(self) -> None:
        self.fill(4)
        second = page("ann", in_url(page("ann", {}, BASE)["next"]), BASE)
        beside = in_url(f"{BASE}?cursor={cursor('ann', Place(f'{0:026}', NOW, newer=True))}")

        back = page("ann", beside, BASE)

        assert [int(found["id"]) for found in second["results"]] == [1, 0]
        assert [int(found["id"]) for found in back["results"]] == [2, 1]
        assert [int(one["id"]) for one in page("ann", in_url(back["previous"]), BASE)["results"]] == [3]
        assert [int(one["id"]) for one in page("ann", in_url(back["next"]), BASE)["results"]] == [0]
