"""Every request that our clients make of AWS, and what DynamoDB bills for it.

Units are computed from the items as they stand in moto, which knows no prices. A write counts each begun KB of the
larger of the item before and after, twice in a transaction; an index entry (keys only) that comes or goes counts one,
one that moves two. A read counts each begun 4 KB, half if it need not be the latest.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType

from local.template import REGION
from lumeo import aws, settings

MOTO_ACCOUNT = "123456789012"
INDEXES: tuple[tuple[str, str], ...] = (("caller", "created_at"), ("due_shard", "due_at"))
"""The attributes of each index: an item is in it if it has both."""
WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}
CLIENTS = (aws.dynamodb, aws.s3, aws.stepfunctions, aws.functions, aws.cloudfront)

Item = Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; `read` and `written`: DynamoDB's units; `items`: of which items, by their `pk`.

    `scanned`: index entries that a query looked at.
    """

    service: str
    operation: str
    read: float = 0
    written: float = 0
    indexed: float = 0
    scanned: int = 0
    items: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.service}.{self.operation}"


@dataclass(slots=True)
class Asked:
    """All requests of a `with` block, in order."""

    requests: list[Request] = field(default_factory=list)

    @property
    def names(self) -> Counter[str]:
        return Counter(request.name for request in self.requests)

    @property
    def scanned(self) -> int:
        return sum(request.scanned for request in self.requests)

    @property
    def items(self) -> int:
        """Items that were read by name."""
        return sum(len(request.items) for request in self.requests if request.operation not in WRITES)

    @property
    def read(self) -> float:
        return sum(request.read for request in self.requests)

    @property
    def written(self) -> float:
        """Units written, indexes included."""
        return sum(request.written + request.indexed for request in self.requests)

    def written_to(self) -> Counter[str]:
        """Requests that write, by the kind of the item: what its `pk` begins with."""
        kinds = [
            pk.partition("#")[0] for request in self.requests if request.operation in WRITES for pk in request.items
        ]
        return Counter(kinds)


@contextmanager
def counted(others: Iterable[Any] = ()) -> Iterator[Asked]:
    """Count what our clients ask for in a block, and `others` (clients of boto3)."""
    asked, before = Asked(), {}

    def begun(params: Mapping[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        context["asked"] = params
        if model.name in WRITES:
            before[id(context)] = {pk: _there(pk) for pk in _named(params)}

    def answered(model: Any, parsed: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
        then = before.pop(id(context), {})
        asked.requests.append(_request(model, context.get("asked", {}), parsed, then))

    heard = [client().meta.events for client in CLIENTS] + [client.meta.events for client in others]
    for events in heard:
        events.register("before-parameter-build", begun)
        events.register("after-call", answered)
    try:
        yield asked
    finally:
        for events in heard:
            events.unregister("before-parameter-build", begun)
            events.unregister("after-call", answered)


def _request(model: Any, params: Mapping[str, Any], parsed: Mapping[str, Any], before: Mapping[str, Item]) -> Request:
    service, operation = model.service_model.service_name, model.name
    if service != "dynamodb":
        return Request(service=service, operation=operation)
    if operation in WRITES:
        twice = 2 if operation == "TransactWriteItems" else 1
        now = {pk: _there(pk) for pk in before}
        return Request(
            service=service,
            operation=operation,
            written=twice * sum(max(_kilobytes(before[pk]), _kilobytes(now[pk])) for pk in before),
            indexed=sum(_moved(before[pk], now[pk]) for pk in before),
            items=tuple(before),
        )
    latest = 1.0 if params.get("ConsistentRead") or operation == "BatchGetItem" else 0.5
    if operation == "Query":
        sizes = sum(_bytes(item) for item in parsed.get("Items", []))
        scanned = parsed.get("ScannedCount", 0)
        return Request(
            service=service, operation=operation, read=latest * max(1, math.ceil(sizes / 4096)), scanned=scanned
        )
    names = tuple(_named(params))
    read = latest * sum(max(1, math.ceil(_size(_there(pk)) / 4096)) for pk in names)
    return Request(service=service, operation=operation, read=read, items=names)


def _named(params: Mapping[str, Any]) -> list[str]:
    """The `pk` of every item that a request names."""
    if "TransactItems" in params:
        operations = [each for item in params["TransactItems"] for each in item.values()]
        return [pk for operation in operations for pk in _named(operation)]
    if "RequestItems" in params:
        return [key["pk"]["S"] for table in params["RequestItems"].values() for key in table["Keys"]]
    return [(params.get("Key") or params["Item"])["pk"]["S"]] if "Key" in params or "Item" in params else []


def _there(pk: str) -> Item:
    """An item as it stands in the table: its attributes, as DynamoDB writes them."""
    tables = dynamodb_backends[MOTO_ACCOUNT][REGION].tables
    table = tables.get(settings.table_name())
    found: Any = table.items.get(DynamoType({"S": pk})) if table else None
    return found.to_json()["Attributes"] if found else None


def _size(item: Item) -> int:
    return _bytes(item) if item else 0


def _kilobytes(item: Item) -> int:
    return max(1, math.ceil(_size(item) / 1024))


def _moved(before: Item, after: Item) -> int:
    """Index entries that were written or taken away."""
    entries = [(_entry(before, index), _entry(after, index)) for index in INDEXES]
    return sum((was is not None) + (now is not None) for was, now in entries if was != now)


def _entry(item: Item, index: tuple[str, str]) -> tuple[str, ...] | None:
    return tuple(str(item[name]) for name in index) if item and all(name in item for name in index) else None


def _bytes(value: Any) -> int:
    """The size of attributes as DynamoDB counts them: names and values in UTF-8, 1 for each member of a map or a list.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _value(each) for name, each in value.items())


def _value(typed: Mapping[str, Any]) -> int:
    ((kind, value),) = typed.items()
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _value(each) for name, each in value.items())
    if kind == "L":
        return 3 + sum(1 + _value(each) for each in value)
    if kind == "N":
        return len(str(value)) // 2 + 2
    return 1 if kind in {"BOOL", "NULL"} else len(value if isinstance(value, bytes) else str(value).encode())
