"""Pages: what a caller has, newest first, in both directions, however few of the items belong on them."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lumeo import aws, clock
from lumeo.items import pack
from lumeo.pages import BATCH, MOST_READ, Between, Page, Pages, Place, Wanted, pages
from tests.unit.make import NOW

LATER = "2026-11-21T10:30:00.000Z"
ALWAYS = Between()


class Shelf:
    """One caller's things in the table: numbers, the largest the newest."""

    def __init__(self, table: str, owner: str = "ann") -> None:
        self._client = boto3.client("dynamodb")
        self._table = table
        self.owner = owner

    def put(self, n: int, created_at: str | None = None) -> None:
        made = created_at or clock.later(n, NOW)
        values = {"pk": f"thing#{n:026}", "caller": self.owner, "created_at": made, "n": n}
        self._client.put_item(TableName=self._table, Item=pack(values))

    def fill(self, number: int) -> list[int]:
        for n in range(number):
            self.put(n)
        return list(range(number))[::-1]

    def remove(self, n: int) -> None:
        self._client.delete_item(TableName=self._table, Key=pack({"pk": f"thing#{n:026}"}))

    def wanted(self, taken: Sequence[int] | None = None, between: Between = ALWAYS) -> Wanted[int]:
        def read(values: Mapping[str, Any]) -> int | None:
            n: int = values["n"]
            return n if taken is None or n in taken else None

        return Wanted(kind="thing", owner=self.owner, read=read, between=between)


@pytest.fixture
def shelf(cloud: dict[str, str]) -> Shelf:
    return Shelf(cloud["TABLE_NAME"])


class Walk:
    """Page after page in one direction."""

    def __init__(self, wanted: Wanted[int], start: Place | None, limit: int, *, newer: bool = False) -> None:
        self.pages: list[Page[int]] = []
        while True:
            page = pages().page(wanted, start, limit)
            self.pages.append(page)
            start = page.newer if newer else page.older
            if start is None:
                break
            assert len(self.pages) < 200

    @property
    def sizes(self) -> list[int]:
        return [len(page.things) for page in self.pages]

    @property
    def things(self) -> list[int]:
        return list(chain.from_iterable(page.things for page in self.pages))


@pytest.fixture
def reads_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is short after six items, instead of a thousand."""
    monkeypatch.setattr("lumeo.pages.MOST_READ", 6)


class TestPage:
    def test_nothing_is_an_empty_page(self, shelf: Shelf) -> None:
        assert pages().page(shelf.wanted(), None, 10) == Page([], None, None)

    @pytest.mark.parametrize(
        ("number", "sizes"),
        [
            pytest.param(1, [1], id="one"),
            pytest.param(2, [2], id="one under a page"),
            pytest.param(3, [3], id="exactly a page"),
            pytest.param(4, [3, 1], id="one over a page"),
            pytest.param(6, [3, 3], id="exactly two pages"),
            pytest.param(7, [3, 3, 1], id="one over two pages"),
        ],
    )
    def test_all_are_shown_to_the_oldest_and_back(self, shelf: Shelf, number: int, sizes: list[int]) -> None:
        made = shelf.fill(number)

        older = Walk(shelf.wanted(), None, 3)
        last = older.pages[-1]
        back = Walk(shelf.wanted(), last.newer, 3, newer=True).pages if last.newer else []

        assert older.sizes == sizes
        assert older.things == made
        assert [page.things for page in back] == [page.things for page in older.pages[-2::-1]]

    def test_the_first_page_has_no_newer_one(self, shelf: Shelf) -> None:
        shelf.fill(4)

        assert pages().page(shelf.wanted(), None, 3).newer is None

    def test_back_and_forth_is_the_same_page(self, shelf: Shelf) -> None:
        shelf.fill(9)
        second = Walk(shelf.wanted(), None, 3).pages[1]
        assert second.older is not None

        third = pages().page(shelf.wanted(), second.older, 3)

        assert pages().page(shelf.wanted(), third.newer, 3) == second

    def test_what_is_new_meanwhile_is_on_a_newer_page(self, shelf: Shelf) -> None:
        """A page that has been handed out stays as it was: nothing moves over its edge."""
        shelf.fill(4)
        first = pages().page(shelf.wanted(), None, 3)
        shelf.put(99)

        second = pages().page(shelf.wanted(), first.older, 3)

        assert second.things == [0]
        assert pages().page(shelf.wanted(), second.newer, 3).things == [3, 2, 1]
        assert pages().page(shelf.wanted(), None, 3).things == [99, 3, 2]

    @pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
    def test_ties_are_shown_once(self, shelf: Shelf, limit: int) -> None:
        """Many may be made in one millisecond."""
        for n in range(5):
            shelf.put(n, NOW)

        assert sorted(Walk(shelf.wanted(), None, limit).things) == [0, 1, 2, 3, 4]

    def test_others_are_not_shown(self, shelf: Shelf, cloud: dict[str, str]) -> None:
        made = shelf.fill(3)
        bobs = Shelf(cloud["TABLE_NAME"], "bob")
        bobs.put(7)

        assert pages().page(shelf.wanted(), None, 10).things == made
        assert pages().page(bobs.wanted(), None, 10).things == [7]
        assert pages().page(Shelf(cloud["TABLE_NAME"], "an").wanted(), None, 10).things == []

    def test_a_place_among_others_shows_none_of_them(self, shelf: Shelf, cloud: dict[str, str]) -> None:
        made = shelf.fill(3)
        bobs = Shelf(cloud["TABLE_NAME"], "bob")
        for n in (7, 8):
            bobs.put(n, clock.later(n, NOW))
        start = pages().page(bobs.wanted(), None, 1).older

        assert Walk(shelf.wanted(), start, 10).things == made

    def test_a_place_need_not_be_there_any_more(self, shelf: Shelf) -> None:
        shelf.fill(5)
        first = pages().page(shelf.wanted(), None, 2)
        shelf.remove(3)

        assert pages().page(shelf.wanted(), first.older, 2).things == [2, 1]

    def test_where_all_that_was_newer_has_gone_the_newest_are_shown(self, shelf: Shelf) -> None:
        shelf.fill(6)
        second = Walk(shelf.wanted(), None, 2).pages[1]
        for n in (4, 5):
            shelf.remove(n)

        page = pages().page(shelf.wanted(), second.newer, 2)

        assert page.things == [3, 2]
        assert page.older is not None
        assert pages().page(shelf.wanted(), page.older, 10).things == [1, 0]

    def test_a_full_page_is_one_batch(self, shelf: Shelf) -> None:
        made = shelf.fill(BATCH + 1)

        page = pages().page(shelf.wanted(), None, BATCH)

        assert page.things == made[:BATCH]
        assert page.older is not None

    def test_a_kind_is_looked_for_by_its_own_name(self, shelf: Shelf) -> None:
        """What lies in the same partition of the index and is no such thing is passed over."""
        shelf.fill(2)
        other = Wanted(kind="other", owner="ann", read=shelf.wanted().read)

        assert pages().page(other, None, 10) == Page([], None, None)


class TestBetween:
    @pytest.mark.parametrize(
        ("between", "things"),
        [
            pytest.param(Between(), [4, 3, 2, 1, 0], id="all"),
            pytest.param(Between(first=clock.later(2, NOW)), [4, 3, 2], id="from that moment on"),
            pytest.param(Between(first=clock.later(2.001, NOW)), [4, 3], id="from just after it on"),
            pytest.param(Between(last=clock.later(2, NOW)), [2, 1, 0], id="up to that moment"),
            pytest.param(Between(last=clock.later(1.999, NOW)), [1, 0], id="up to just before it"),
            pytest.param(Between(clock.later(1, NOW), clock.later(3, NOW)), [3, 2, 1], id="both"),
            pytest.param(Between(clock.later(2, NOW), clock.later(2, NOW)), [2], id="one moment"),
            pytest.param(Between(first=LATER), [], id="too late"),
        ],
    )
    @pytest.mark.parametrize("limit", [1, 2, 10])
    def test_what_was_made_then_is_shown_forth_and_back(
        self, shelf: Shelf, between: Between, things: list[int], limit: int
    ) -> None:
        shelf.fill(5)
        wanted = shelf.wanted(between=between)

        older = Walk(wanted, None, limit)
        last = older.pages[-1]
        back = Walk(wanted, last.newer, limit, newer=True).pages if last.newer else []

        assert older.things == things
        assert list(chain.from_iterable(page.things for page in back[::-1])) == things[: len(things) - older.sizes[-1]]

    @pytest.mark.parametrize(
        ("between", "empty"),
        [(Between(), False), (Between(NOW, NOW), False), (Between(NOW, LATER), False), (Between(LATER, NOW), True)],
    )
    def test_empty_is_what_ends_before_it_begins(self, between: Between, empty: bool) -> None:  # noqa: FBT001
        assert between.empty is empty

    @pytest.mark.parametrize(("at", "holds"), [(NOW, True), (LATER, True), (clock.later(-0.001, NOW), False)])
    def test_both_ends_are_in_it(self, at: str, holds: bool) -> None:  # noqa: FBT001
        assert Between(NOW, LATER).holds(at) is holds


@pytest.mark.usefixtures("reads_little")
class TestFewBelong:
    def test_a_page_may_be_short(self, shelf: Shelf) -> None:
        shelf.fill(10)

        page = pages().page(shelf.wanted(taken=[9, 1]), None, 3)

        assert page.things == [9]
        assert page.older is not None

    def test_or_empty_and_there_is_more_all_the_same(self, shelf: Shelf) -> None:
        shelf.fill(20)

        walk = Walk(shelf.wanted(taken=[0]), None, 3)

        assert walk.sizes == [0, 0, 0, 1]
        assert walk.things == [0]

    def test_back_shows_the_same_things(self, shelf: Shelf) -> None:
        shelf.fill(20)
        wanted = shelf.wanted(taken=[18, 17, 9, 2])
        last = Walk(wanted, None, 2).pages[-1]

        back = Walk(wanted, last.newer, 2, newer=True)

        assert sorted([*back.things, *last.things]) == [2, 9, 17, 18]

    def test_what_is_left_of_the_last_batch_is_on_the_next_page(self, shelf: Shelf) -> None:
        """The index has no more, but the page was full before its end."""
        shelf.fill(6)

        walk = Walk(shelf.wanted(taken=[5, 4, 2, 1, 0]), None, 3)

        assert [page.things for page in walk.pages] == [[5, 4, 2], [1, 0]]

    def test_no_more_is_read_than_there_has_to_be(self, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
        shelf.fill(20)
        read: list[int] = []
        batches = Pages.items

        def counted(self: Pages, pks: Sequence[str]) -> dict[str, dict[str, Any]]:
            read.append(len(pks))
            return batches(self, pks)

        monkeypatch.setattr(Pages, "items", counted)

        pages().page(shelf.wanted(taken=[]), None, 3)

        assert sum(read) == 6

    def test_what_has_gone_is_passed_over(self, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
        """The index is a moment behind the items."""
        shelf.fill(5)
        batches = Pages.items

        def without(self: Pages, pks: Sequence[str]) -> dict[str, dict[str, Any]]:
            return {pk: item for pk, item in batches(self, pks).items() if item["n"] != 3}

        monkeypatch.setattr(Pages, "items", without)

        assert Walk(shelf.wanted(), None, 2).things == [4, 2, 1, 0]


def test_a_page_is_short_after_a_thousand() -> None:
    assert MOST_READ == 1000


@given(
    moments=st.lists(st.integers(0, 6), max_size=14),
    taken=st.sets(st.integers(0, 13)),
    limit=st.integers(1, 5),
    ends=st.tuples(st.integers(0, 6), st.integers(0, 6)),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.usefixtures("reads_little")
def test_it_is_the_list_itself(
    cloud: dict[str, str], moments: list[int], taken: set[int], limit: int, ends: tuple[int, int]
) -> None:
    """Both ways, whatever was made when, is wanted, and belongs there: each once, in the order of the moments."""
    client, table = aws.dynamodb(), cloud["TABLE_NAME"]
    for item in client.scan(TableName=table)["Items"]:
        client.delete_item(TableName=table, Key={"pk": item["pk"]})
    shelf = Shelf(table)
    for n, moment in enumerate(moments):
        shelf.put(n, clock.later(moment, NOW))
    first, last = sorted(ends)
    wanted = shelf.wanted(taken=list(taken), between=Between(clock.later(first, NOW), clock.later(last, NOW)))
    model = sorted(n for n, moment in enumerate(moments) if first <= moment <= last and n in taken)

    older = Walk(wanted, None, limit)
    last_page = older.pages[-1]
    back = Walk(wanted, last_page.newer, limit, newer=True).things if last_page.newer else []

    assert sorted(older.things) == model
    assert [moments[n] for n in older.things] == sorted((moments[n] for n in model), reverse=True)
    assert sorted([*back, *last_page.things]) == model
    assert all(size <= limit for size in older.sizes)


class TestItems:
    def test_those_that_are_there(self, shelf: Shelf) -> None:
        shelf.fill(2)

        found = pages().items([f"thing#{0:026}", "thing#none", f"thing#{1:026}"])

        assert {pk: values["n"] for pk, values in found.items()} == {f"thing#{0:026}": 0, f"thing#{1:026}": 1}

    def test_more_than_one_batch(self, shelf: Shelf) -> None:
        made = shelf.fill(BATCH + 20)

        found = pages().items([f"thing#{n:026}" for n in made])

        assert len(found) == BATCH + 20

    def test_what_was_left_unread_is_asked_for_again(self, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
        """DynamoDB throttles by answering a part."""
        made = shelf.fill(5)
        client: Any = aws.dynamodb()
        asked: list[int] = []

        def a_part(**request: Any) -> Any:
            ((table, wanted),) = request["RequestItems"].items()
            keys = wanted["Keys"]
            asked.append(len(keys))
            answer = batch_get(RequestItems={table: {**wanted, "Keys": keys[:2]}})
            left = {table: {**wanted, "Keys": keys[2:]}} if keys[2:] else {}
            return {**answer, "UnprocessedKeys": left}

        batch_get = client.batch_get_item
        monkeypatch.setattr(client, "batch_get_item", a_part)
        monkeypatch.setattr(clock, "sleep", lambda _: None)

        found = pages().items([f"thing#{n:026}" for n in made])

        assert len(found) == 5
        assert asked == [5, 3, 1]
