"""Between our values and DynamoDB's items, which hold text, whole numbers, booleans, lists and maps: no fractions."""

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from lumeo.errors import ErrorCode
from lumeo.prediction import (
    Announced,
    Document,
    Handle,
    Intent,
    Output,
    Phase,
    Prediction,
    Remark,
    Status,
    Subscriber,
    Turn,
    Upstream,
    Verdict,
)

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize

_FIELDS = {field.name for field in dataclasses.fields(Prediction)}


def pack(values: Mapping[str, Any]) -> dict[str, Any]:
    """An item in DynamoDB's own notation, `{"id": {"S": "…"}}`."""
    return {name: _serialize(value) for name, value in values.items()}


def unpack(item: Mapping[str, Any]) -> dict[str, Any]:
    """The values of an item."""
    return {name: _whole(_deserialize(value)) for name, value in item.items()}


def plain(value: Any) -> Any:
    """Data classes as maps, without what is None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, tuple):
        return [plain(inner) for inner in value]
    return str(value) if isinstance(value, str) else value


def prediction_from(values: Mapping[str, Any]) -> Prediction:
    """The prediction that an item holds; attributes that a newer version added are passed over."""
    known: dict[str, Any] = {"due_at": None, "due_shard": None}
    known |= {name: value for name, value in values.items() if name in _FIELDS}
    made = {"phase": Phase, "status": Status, "error_code": ErrorCode}
    known |= {name: make(known[name]) for name, make in made.items() if name in known}
    parts: dict[str, Any] = {
        "input": Document,
        "logs": Document,
        "metrics": Document,
        "partial": Document,
        "result": Document,
        "raw_error": Document,
        "raw_logs": Document,
    }
    parts |= {"output": Document, "room": Turn, "intent": Intent, "handle": Handle, "upstream": Upstream}
    known |= {name: _part(part, known[name]) for name, part in parts.items() if name in known}
    if "verdict" in known:
        known["verdict"] = _verdict(known["verdict"])
    if "remarks" in known:
        known["remarks"] = tuple(Remark(remark) for remark in known["remarks"] if remark in set(Remark))
    if "subscriber" in known:
        known["subscriber"] = Subscriber(known["subscriber"]["url"], tuple(known["subscriber"]["events"]))
    known["outputs"] = {n: _part(Output, output) for n, output in known.get("outputs", {}).items()}
    known["announced"] = {event: _part(Announced, said) for event, said in known.get("announced", {}).items()}
    return Prediction(**known)


def _part(part: Any, values: Mapping[str, Any]) -> Any:
    names = {field.name for field in dataclasses.fields(part)}
    return part(**{name: value for name, value in values.items() if name in names})


def _verdict(values: Mapping[str, Any]) -> Verdict:
    code = values.get("code")
    return Verdict(Status(values["status"]), values["at"], ErrorCode(code) if code else None)


def _whole(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, dict):
        return {name: _whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return value
