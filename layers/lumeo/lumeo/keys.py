"""API keys: `lum_` and 43 characters. Only their SHA-256 is stored; a key is shown once, when it is made."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from lumeo import aws, clock, settings
from lumeo.items import pack, unpack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REMEMBERED_SECONDS = 60
"""How long a process trusts what it read of a key: a revoked one works for at most that long."""
_CALLER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")


@dataclass(frozen=True, slots=True)
class Known:
    """What a process remembers of a key; `caller` is None for a key that does not hold."""

    caller: str | None
    read_at: float


class Keys:
    """Makes keys and knows whose they are."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table
        self._known: dict[str, Known] = {}

    def create(self, caller: str, name: str) -> str:
        """A new key for a caller. Raises ValueError for a caller's name that is none."""
        if not _CALLER.fullmatch(caller):
            raise ValueError(f"not a caller's name: {caller!r} (1 to 64 of letters, digits, _ . @ -)")
        key = f"lum_{secrets.token_urlsafe(32)}"
        item = {"pk": f"key#{_hash(key)}", "owner": caller, "name": name, "made_at": clock.stamp()}
        self._client.put_item(TableName=self._table, Item=pack(item))
        return key

    def caller(self, key: str) -> str | None:
        """Whose key it is; None for one that is unknown or revoked."""
        name, now = _hash(key), clock.now().timestamp()
        known = self._known.get(name)
        if known is None or now - known.read_at > REMEMBERED_SECONDS:
            answer = self._client.get_item(TableName=self._table, Key=pack({"pk": f"key#{name}"}))
            item = unpack(answer.get("Item", {}))
            known = Known(None if item.get("revoked_at") else item.get("owner"), now)
            if known.caller:  # a flood of made-up keys must not fill the memory
                self._known[name] = known
        return known.caller


@cache
def keys() -> Keys:
    """The keys in the table that the environment names."""
    return Keys(aws.dynamodb(), settings.table_name())


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
