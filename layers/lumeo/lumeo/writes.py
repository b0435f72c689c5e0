"""How a conditional write is said to DynamoDB, and what becomes of one that meets another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.conditions import ConditionBase, ConditionExpressionBuilder
from botocore.exceptions import ClientError

from lumeo import clock
from lumeo.items import pack, plain


@dataclass(frozen=True, slots=True)
class Plus:
    """A change that adds to a number; one that is not there counts as 0."""

    amount: int


@dataclass(frozen=True, slots=True)
class Unless:
    """A change to an attribute that is not there yet; one that is stays as it is."""

    value: Any


CONFLICT_SECONDS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Waits for somebody else's transaction to be over."""


def update_expressions(condition: ConditionBase, changes: Mapping[str, Any]) -> dict[str, Any]:
    """UpdateItem's expressions; a change to None removes the attribute, `a.b` names an entry of a map.

    A `Plus` adds, an `Unless` sets what is not there.
    """
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    sets, removes = [], []
    for n, (attribute, change) in enumerate(changes.items()):
        places = {f"#u{n}_{depth}": name for depth, name in enumerate(attribute.split("."))}
        names |= places
        path = ".".join(places)
        match change:
            case None:
                removes.append(path)
            case Plus():
                sets.append(f"{path} = if_not_exists({path}, :zero) + :u{n}")
                values |= {":zero": 0, f":u{n}": change.amount}
            case Unless():
                sets.append(f"{path} = if_not_exists({path}, :u{n})")
                values[f":u{n}"] = plain(change.value)
            case _:
                sets.append(f"{path} = :u{n}")
                values[f":u{n}"] = plain(change)
    checked = ConditionExpressionBuilder().build_expression(condition)
    clauses = ([f"SET {', '.join(sets)}"] if sets else []) + ([f"REMOVE {', '.join(removes)}"] if removes else [])
    return {
        "UpdateExpression": " ".join(clauses),
        "ConditionExpression": checked.condition_expression,
        "ExpressionAttributeNames": names | checked.attribute_name_placeholders,
        "ExpressionAttributeValues": pack(values | checked.attribute_value_placeholders),
    }


def written(call: Callable[..., Any], request: Mapping[str, Any]) -> Any:
    """The answer to a write, or None if its condition does not hold.

    A transaction refuses every other write of its items while it is under way, and is refused by one. Such a meeting is
    over in milliseconds, and says nothing about the condition: the write is tried again.
    """
    waits = iter(CONFLICT_SECONDS)
    while True:
        try:
            return call(**request)
        except ClientError as error:
            reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
            reasons.add(error.response["Error"]["Code"].removesuffix("Exception"))
            wait = next(waits, None)
            if "TransactionConflict" in reasons and wait is not None:
                clock.sleep(wait)
            elif "ConditionalCheckFailed" in reasons:
                return None
            else:
                raise
