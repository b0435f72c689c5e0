"""Pages of what a caller has: the index `by_caller`, newest first, from beside a place on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from lumeo import aws, clock, settings
from lumeo.items import pack, unpack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BATCH = 100
"""Items that one BatchGetItem may ask for."""
MOST_READ = 1000
"""Items that are read for one page, however few of them belong on it."""

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Place:
    """A page begins beside this thing, towards the older ones or the newer."""

    id: str
    created_at: str
    newer: bool = False


@dataclass(frozen=True, slots=True)
class Between:
    """Stamps of when things were made, the first and the last included."""

    first: str = "0"
    last: str = "9"

    @property
    def empty(self) -> bool:
        return self.first > self.last

    def holds(self, created_at: str) -> bool:
        return self.first <= created_at <= self.last


@dataclass(frozen=True, slots=True)
class Page(Generic[Thing]):
    """Newest first; `older` and `newer` say where the neighbouring pages begin, if there may be any."""

    things: Sequence[Thing]
    older: Place | None
    newer: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted(Generic[Thing]):
    """Things of a kind (what their `pk` begins with), whose (the index's partition), and made when.

    `read` makes one of its item's values: None for one that is passed over.
    """

    kind: str
    owner: str
    read: Callable[[Mapping[str, Any]], Thing | None]
    between: Between = Between()


class Pages:
    """Reads pages of a table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def page(self, wanted: Wanted[Thing], start: Place | None, limit: int) -> Page[Thing]:
        """At most `limit` (1 to 100) things: the newest, or those beside `start`.

        Fewer than there are when `MOST_READ` had to be read for them.
        """
        newer = start is not None and start.newer
        things: list[Thing] = []
        seen: list[Place] = []
        more = True
        while more and len(things) < limit and len(seen) < MOST_READ:
            places, more = self._places(wanted, seen[-1] if seen else start, limit)
            pks = [f"{wanted.kind}#{place.id}" for place in places]
            items = self.items(pks)
            for place, pk in zip(places, pks, strict=True):
                if len(things) == limit:
                    more = True
                    break
                seen.append(place)
                thing = wanted.read(items[pk]) if pk in items else None
                if thing is not None:
                    things.append(thing)
        if newer and not seen:
            # What was newer is gone: what is there begins at the newest.
            return self.page(wanted, None, limit)
        onwards = seen[-1] if seen and more else None
        back = replace(seen[0], newer=not newer) if seen and start else None
        return Page(things[::-1], back, onwards) if newer else Page(things, onwards, back)

    def items(self, pks: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The values of the items that are there, by their `pk`."""
        found: dict[str, dict[str, Any]] = {}
        missing = list(pks)
        while missing:
            keys = [pack({"pk": pk}) for pk in missing[:BATCH]]
            answer = self._client.batch_get_item(RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}})
            for item in answer["Responses"].get(self._table, []):
                values = unpack(item)
                found[values["pk"]] = values
            unread = answer["UnprocessedKeys"]
            throttled = unread[self._table]["Keys"] if self._table in unread else []
            missing = [unpack(key)["pk"] for key in throttled] + missing[BATCH:]
            if throttled:
                clock.sleep(0.05)
        return found

    def _places(self, wanted: Wanted[Thing], start: Place | None, limit: int) -> tuple[list[Place], bool]:
        """The next places from beside `start` on, and whether there are more after them."""
        newer = start is not None and start.newer
        between = {":owner": wanted.owner, ":first": wanted.between.first, ":last": wanted.between.last}
        query: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": "by_caller",
            "KeyConditionExpression": "caller = :owner AND created_at BETWEEN :first AND :last",
            "ExpressionAttributeValues": pack(between),
            "ScanIndexForward": newer,
            "Limit": limit + 1,
        }
        if start:
            pk = f"{wanted.kind}#{start.id}"
            query["ExclusiveStartKey"] = pack({"pk": pk, "caller": wanted.owner, "created_at": start.created_at})
        keys = [unpack(item) for item in self._client.query(**query)["Items"]]
        places = [Place(key["pk"].partition("#")[2], key["created_at"], newer) for key in keys]
        return places[:limit], len(places) > limit


@cache
def pages() -> Pages:
    """Those of the table that the environment names."""
    return Pages(aws.dynamodb(), settings.table_name())
