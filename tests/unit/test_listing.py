"""Cursors: they lead where they say, to their owner alone, and nothing else is taken for one."""

import base64
import json
from datetime import UTC
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumeo import clock, ids, listing
from lumeo.errors import ApiError
from lumeo.listing import page
from lumeo.store import Place, store
from tests.unit.make import ID, JSON, NOW, prediction

BASE = "https://lumeo.test"
OWNER = listing._owner("ann")
PLACES = st.builds(
    Place,
    st.from_regex(r"[0-9a-z]{26}", fullmatch=True),
    st.datetimes(timezones=st.just(UTC)).map(clock.stamp),
    st.booleans(),
)


def encoded(value: Any) -> str:
    """A cursor as ours are made."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def cursor(url: str | None) -> str:
    """What a client takes out of `next` or `previous`."""
    assert url is not None
    return parse_qs(urlsplit(url).query)["cursor"][0]


def place_url(caller: str, place: Place) -> str:
    url = listing._url(BASE, caller, place)
    assert url is not None
    return url


class TestCursor:
    @given(PLACES, st.text(min_size=1))
    def test_leads_back_to_its_place(self, place: Place, caller: str) -> None:
        assert listing._place(caller, cursor(place_url(caller, place))) == place

    def test_is_an_absolute_url(self) -> None:
        """Official clients follow it as it is."""
        parts = urlsplit(place_url("ann", Place(ID, NOW)))

        assert (parts.scheme, parts.netloc, parts.path) == ("https", "lumeo.test", "/v1/predictions")
        assert list(parse_qs(parts.query)) == ["cursor"]

    def test_needs_no_escaping(self) -> None:
        for newer in (False, True):
            assert cursor(place_url("ann", Place(ID, NOW, newer))).replace("-", "").replace("_", "").isalnum()

    def test_does_not_tell_the_caller(self) -> None:
        text = cursor(place_url("ann@example.com", Place(ID, NOW)))

        assert b"ann" not in base64.urlsafe_b64decode(text + "==")

    def test_may_keep_its_padding(self) -> None:
        text = cursor(place_url("ann", Place(ID, NOW)))

        assert listing._place("ann", text + "=" * (-len(text) % 4)) == Place(ID, NOW)

    def test_no_place_is_no_url(self) -> None:
        assert listing._url(BASE, "ann", None) is None


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
            pytest.param(encoded("abcd"), id="text of four letters"),
            pytest.param(encoded({"a": 1, "b": 2, "c": 3, "d": 4}), id="an object of four"),
            pytest.param(encoded([OWNER, ID, NOW]), id="too short"),
            pytest.param(encoded([OWNER, ID, NOW, False, 1]), id="too long"),
            pytest.param(encoded([listing._owner("bob"), ID, NOW, False]), id="another caller's"),
            pytest.param(encoded([None, ID, NOW, False]), id="nobody's"),
            pytest.param(encoded([OWNER, "x", NOW, False]), id="no id"),
            pytest.param(encoded([OWNER, 7, NOW, False]), id="a number as id"),
            pytest.param(encoded([OWNER, None, NOW, False]), id="null as id"),
            pytest.param(encoded([OWNER, ID, "yesterday", False]), id="no time"),
            pytest.param(encoded([OWNER, ID, "2026-11-21T10:00:00", False]), id="a time without a zone"),
            pytest.param(encoded([OWNER, ID, 7, False]), id="a number as time"),
            pytest.param(encoded([OWNER, ID, "0001-01-01T00:00:00+23:59", False]), id="a time before all times"),
            pytest.param(encoded([OWNER, ID, "9999-12-31T23:59:59-23:59", False]), id="a time after all times"),
            pytest.param(encoded([OWNER, ID, NOW, "false"]), id="text as direction"),
            pytest.param(encoded([OWNER, ID, NOW, 0]), id="a number as direction"),
            pytest.param("cD0yMDIzLTExLTE1KzA1OjAzOjQ3LjIwMzkwMyswMDowMA%3D%3D", id="Replicate's"),
        ],
    )
    def test_is_a_bad_request(self, text: str) -> None:
        with pytest.raises(ApiError) as caught:
            listing._place("ann", text)

        assert caught.value.status == 400
        assert caught.value.title == "Invalid cursor"

    @given(st.text(min_size=1) | st.binary(min_size=1).map(encoded) | JSON.map(encoded))
    def test_garbage_is_a_bad_request(self, text: str) -> None:
        with pytest.raises(ApiError) as caught:
            listing._place("ann", text)

        assert caught.value.status == 400

    @given(
        st.just(OWNER) | JSON, st.just(ID) | JSON, st.just(NOW) | st.datetimes().map(str) | JSON, st.booleans() | JSON
    )
    def test_a_forgery_is_a_place_or_a_bad_request(self, owner: Any, made: Any, at: Any, newer: Any) -> None:
        place, refused = None, None
        try:
            place = listing._place("ann", encoded([owner, made, at, newer]))
        except ApiError as error:
            refused = error

        assert refused is None or refused.status == 400
        assert place is None or (owner == OWNER and ids.looks_right(place.id) and isinstance(place.newer, bool))
        assert place is None or clock.parse(place.created_at)


@pytest.mark.usefixtures("cloud")
class TestPage:
    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(listing, "PAGE", 2)

    @staticmethod
    def fill(number: int) -> list[str]:
        made = [f"{n:026}" for n in range(number)]
        for n, prediction_id in enumerate(made):
            store().accept(prediction(id=prediction_id, created_at=clock.later(n, NOW)))
        return made[::-1]

    def test_nothing_has_replicates_shape(self) -> None:
        assert page("ann", None, BASE) == {"previous": None, "next": None, "results": []}

    def test_all_are_shown_forth_and_back(self) -> None:
        made = self.fill(5)

        pages = [page("ann", None, BASE)]
        while pages[-1]["next"]:
            pages.append(page("ann", cursor(pages[-1]["next"]), BASE))
        back = [pages[-1]]
        while back[-1]["previous"]:
            back.append(page("ann", cursor(back[-1]["previous"]), BASE))

        assert [[found["id"] for found in one["results"]] for one in pages] == [made[:2], made[2:4], made[4:]]
        assert [one["results"] for one in back] == [one["results"] for one in pages[::-1]]

    def test_results_are_whole_predictions(self) -> None:
        self.fill(1)

        (found,) = page("ann", None, BASE)["results"]

        assert found["input"] == {"prompt": "a corgi"}
        assert found["status"] == "starting"
        assert found["urls"]["get"].startswith(BASE)

    def test_another_callers_cursor_is_refused(self) -> None:
        self.fill(3)
        anns = cursor(page("ann", None, BASE)["next"])

        with pytest.raises(ApiError, match="Invalid cursor"):
            page("bob", anns, BASE)

    def test_a_page_is_as_long_as_replicates(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.undo()

        assert listing.PAGE == 100
