"""API keys: `lum_` and 43 characters. Only their SHA-256 is stored; a key is shown once, when it is made."""

import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from lumeo import aws, clock, settings
from lumeo.items import pack, unpack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REMEMBERED_SECONDS = 60
"""How long a process trusts what it read of a key: a revoked one works for at most that long."""
SHELF = "/keys"
"""The partition of all keys in the index `by_caller`: no caller is called so."""
_CALLER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")


@dataclass(frozen=True, slots=True)
class Known:
    """What a process remembers of a key; `caller` is None for a key that does not hold."""

    caller: str | None
    read_at: float


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key. `id`: the 64 hex digits of its SHA-256. Times are stamps."""

    id: str
    owner: str
    name: str
    made_at: str
    revoked_at: str | None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """The key that an item holds."""
        key_id = values["pk"].partition("#")[2]
        return cls(key_id, values["owner"], values["name"], values["made_at"], values.get("revoked_at"))


class Keys:
    """Makes keys, knows whose they are, and takes them back."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table
        self._known: dict[str, Known] = {}

    def create(self, caller: str, name: str) -> str:
        """A new key for a caller. Raises ValueError for a caller's name that is none."""
        if not _CALLER.fullmatch(caller):
            raise ValueError(f"not a caller's name: {caller!r} (1 to 64 of letters, digits, _ . @ -)")
        key = f"lum_{secrets.token_urlsafe(32)}"
        item = {"pk": _pk(id_of(key)), "owner": caller, "name": name, "made_at": clock.stamp()}
        item |= {"caller": SHELF, "created_at": item["made_at"]}
        self._client.put_item(TableName=self._table, Item=pack(item))
        return key

    def caller(self, key: str) -> str | None:
        """Whose key it is; None for one that is unknown or revoked."""
        name, now = id_of(key), clock.now().timestamp()
        known = self._known.get(name)
        if known is None or now - known.read_at > REMEMBERED_SECONDS:
            answer = self._client.get_item(TableName=self._table, Key=pack({"pk": _pk(name)}))
            item = unpack(answer.get("Item", {}))
            known = Known(None if item.get("revoked_at") else item.get("owner"), now)
            if known.caller:  # a flood of made-up keys must not fill the memory
                self._known[name] = known
        return known.caller

    def made(self) -> Iterator[Key]:
        """All keys, newest first."""
        # No function lists or revokes: what that needs is loaded by who does.
        from lumeo.pages import Pages, Wanted  # noqa: PLC0415

        pages, wanted, start = Pages(self._client, self._table), Wanted(kind="key", owner=SHELF, read=Key.of), None
        while True:
            page = pages.page(wanted, start, 100)
            yield from page.things
            if page.older is None:
                return
            start = page.older

    def revoke(self, key_id: str) -> Key | None:
        """Take a key back, by its id; one that was stays so since then. None if there is no such key."""
        from lumeo.writes import written  # noqa: PLC0415

        request = {
            "TableName": self._table,
            "Key": pack({"pk": _pk(key_id)}),
            "UpdateExpression": "SET revoked_at = if_not_exists(revoked_at, :now)",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeValues": pack({":now": clock.stamp()}),
            "ReturnValues": "ALL_NEW",
        }
        answer = written(self._client.update_item, request)
        return Key.of(unpack(answer["Attributes"])) if answer else None


@cache
def keys() -> Keys:
    """The keys in the table that the environment names."""
    return Keys(aws.dynamodb(), settings.table_name())


def id_of(key: str) -> str:
    """What a key is known by: its SHA-256."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _pk(key_id: str) -> str:
    return f"key#{key_id}"
