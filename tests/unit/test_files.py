"""Files that inputs name: whole strings, and only by our own URLs of them."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumeo import artifacts, clock, ids
from lumeo.file_urls import named, url
from lumeo.files import File, files, readable_url, shelf
from lumeo.keys import _CALLER
from lumeo.prediction import Document
from tests.conftest import TestClock
from tests.unit.make import ID, JSON, NOW

ORIGIN = "https://lumeo.test"
OURS = f"{ORIGIN}/v1/files/{ID}"
EXPIRY = int(clock.parse(NOW).timestamp()) + 60
FILE = File(
    id=ID,
    owner="ann",
    caller=shelf("ann"),
    created_at=NOW,
    expires_at=EXPIRY,
    key="inputs/0123/a.png",
    name="a b.png",
    content_type="image/png",
    size=2**40,
    metadata=Document(json='{"a":1.5}'),
    etag="abc",
    checksums={"sha256": "0", "md5": "1"},
)


class TestNamed:
    @pytest.mark.parametrize(
        ("value", "pointers"),
        [
            pytest.param(OURS, [""], id="the input itself"),
            pytest.param({"image": OURS}, ["/image"], id="a field"),
            pytest.param({"images": [OURS, "x", OURS]}, ["/images/0", "/images/2"], id="in a list, twice"),
            pytest.param({"a": {"b/c": [{"~": OURS}]}}, ["/a/b~1c/0/~0"], id="deep, under odd names"),
        ],
    )
    def test_where_they_stand(self, value: Any, pointers: list[str]) -> None:
        assert named(value, ORIGIN) == dict.fromkeys(pointers, ID)

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(f"see {OURS}", id="in a sentence"),
            pytest.param(f"{OURS}/download", id="its download"),
            pytest.param(f"{OURS}?x", id="with a query"),
            pytest.param(f"{OURS}#x", id="with a place in it"),
            pytest.param(f"{OURS}/", id="with a slash"),
            pytest.param(f"{OURS}\n", id="with a line's end"),
            pytest.param(f"{OURS}0", id="with a longer id"),
            pytest.param(OURS[:-1], id="with a shorter id"),
            pytest.param(OURS.upper(), id="in capitals"),
            pytest.param(f"https://lumeo.tesu/v1/files/{ID}", id="of another origin"),
            pytest.param(f"http://lumeo.test/v1/files/{ID}", id="of another scheme"),
            pytest.param(f"https://lumeoxtest/v1/files/{ID}", id="where a dot is any letter"),
            pytest.param(f"https://lumeo.test.evil.example/v1/files/{ID}", id="of a longer name"),
            pytest.param(f"https://lumeo.test/v1/predictions/{ID}", id="of a prediction"),
            pytest.param(f"//lumeo.test/v1/files/{ID}", id="without a scheme"),
            pytest.param(f"https://user@lumeo.test/v1/files/{ID}", id="of a user"),
        ],
    )
    def test_nothing_else_is_one(self, text: str) -> None:
        assert named({"image": text}, ORIGIN) == {}

    def test_a_key_is_no_value(self) -> None:
        assert named({OURS: "x"}, ORIGIN) == {}

    @given(JSON)
    def test_in_any_input(self, value: Any) -> None:
        assert named({"x": value, "y": OURS}, ORIGIN)["/y"] == ID

    @given(st.recursive(st.just(OURS) | st.none(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)))
    def test_all_are_found_and_can_be_replaced(self, value: Any) -> None:
        """What create does: by the same pointers."""
        found = named(value, ORIGIN)

        replaced = artifacts.replace(value, dict.fromkeys(found, "there"))

        assert str(replaced).count(OURS) == 0
        assert named(replaced, ORIGIN) == {}


class TestFiles:
    @pytest.fixture(autouse=True)
    def _kept(self, cloud: dict[str, str], test_clock: TestClock) -> None:
        del cloud, test_clock
        files().put(FILE)

    def test_are_read_as_they_were_written(self) -> None:
        assert files().get(ID, "ann") == FILE

    @pytest.mark.parametrize("owner", ["bob", "", "ann/files", "Ann"])
    def test_are_their_owners_alone(self, owner: str) -> None:
        assert files().get(ID, owner) is None

    def test_end_at_their_time(self, test_clock: TestClock) -> None:
        test_clock.passes(59.9)
        assert files().get(ID, "ann") is not None

        test_clock.passes(0.1)

        assert files().get(ID, "ann") is None
        assert files().page("ann", None, 10).things == []

    def test_are_listed_for_their_owner(self) -> None:
        newer = replace(FILE, id=ids.new(), created_at=clock.later(1, NOW))
        files().put(newer)
        files().put(replace(FILE, id=ids.new(), owner="bob", caller=shelf("bob")))

        assert list(files().page("ann", None, 10).things) == [newer, FILE]

    def test_what_came_is_noted(self) -> None:
        awaited = replace(FILE, id="0" * 26, etag="", awaited=True)
        files().put(awaited)

        came = files().came(awaited, "abc")

        assert came == replace(awaited, etag="abc", awaited=False)
        assert files().get("0" * 26, "ann") == came

    def test_what_was_removed_meanwhile_does_not_come_back(self) -> None:
        files().remove(FILE)

        files().came(FILE, "abc")

        assert files().get(ID, "ann") is None

    def test_may_be_removed_twice(self) -> None:
        files().remove(FILE)
        files().remove(FILE)

        assert files().get(ID, "ann") is None

    def test_are_read_by_anybody_who_knows_where(self) -> None:
        assert readable_url(FILE) == "https://cdn.test/inputs/0123/a.png"
        assert url(ORIGIN, ID) == OURS


@given(st.from_regex(_CALLER, fullmatch=True))
def test_no_callers_name_is_another_ones_shelf(caller: str) -> None:
    """Files and predictions of all callers share an index."""
    assert not _CALLER.fullmatch(shelf(caller))
