"""Requests that come twice: known by the caller's `Idempotency-Key`, or by a client that counts its own repeats.

Equal requests alone are no repeat: four pictures of one prompt are asked for by four of them.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lumeo import aws, clock, settings
from lumeo.errors import ApiError
from lumeo.items import pack, unpack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT_SECONDS = 86_400
"""For so long an `Idempotency-Key` names its request."""
REPEATED_SECONDS = 120
"""For so long a client goes on repeating a request."""
MOST = 8
"""Of so many equal requests none could be told from another anyway."""


def fingerprint(method: str, path: str, body: Any) -> str:
    """What two requests have in common exactly if they ask for the same."""
    text = json.dumps([method, path, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class Repeats:
    """What a table remembers of requests."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def named(self, caller: str, key: str, asked: str) -> str | None:
        """The prediction that a request with this key created. Raises ApiError 422 if it was another request."""
        item = self._get(_named(caller, key))
        if not item or item["expires_at"] <= _now():
            return None
        if item["fingerprint"] != asked:
            raise ApiError(
                422, "Idempotency key in use", "This Idempotency-Key came with another request: take a new one."
            )
        found: str = item["prediction"]
        return found

    def naming(self, caller: str, key: str, asked: str, prediction_id: str) -> dict[str, Any]:
        """The put that goes with a prediction's: it fails if the key has come to name another meanwhile."""
        item = {
            "pk": _named(caller, key),
            "prediction": prediction_id,
            "fingerprint": asked,
            "expires_at": _now() + KEPT_SECONDS,
        }
        return {
            "Item": pack(item),
            "ConditionExpression": "attribute_not_exists(pk) OR expires_at <= :now",
            "ExpressionAttributeValues": pack({":now": _now()}),
        }

    def note(self, caller: str, asked: str, prediction_id: str, repeat: int) -> None:
        """Remember what a request whose client counts its repeats is about to create."""
        entry = {"at": clock.stamp(), "claimed": repeat}
        self._update(
            _repeated(caller, asked, _now()),
            "SET #id = :entry, made = if_not_exists(made, :none) + :one, expires_at = :expiry",
            "attribute_not_exists(made) OR made < :most",
            prediction_id,
            {":entry": entry, ":none": 0, ":one": 1, ":most": MOST, ":expiry": _now() + 10 * REPEATED_SECONDS},
        )

    def claim(self, caller: str, asked: str, repeat: int) -> str | None:
        """The prediction that the request before this repeat created, if it can only be that one."""
        now = _now()
        found: dict[tuple[str, str], Any] = {}
        for pk in {_repeated(caller, asked, now - REPEATED_SECONDS), _repeated(caller, asked, now)}:
            item = self._get(pk)
            if item.get("made", 0) >= MOST:
                return None
            found |= {(pk, name): entry for name, entry in item.items() if _is_open(entry, repeat)}
        # What was noted and then not made is none of them.
        made = [(pk, prediction_id) for pk, prediction_id in found if self._get(f"prediction#{prediction_id}")]
        if len(made) != 1:
            return None
        ((pk, prediction_id),) = made
        claimed = self._update(
            pk, "SET #id.claimed = :repeat", "#id.claimed < :repeat", prediction_id, {":repeat": repeat}
        )
        return prediction_id if claimed else None

    def _get(self, pk: str) -> Mapping[str, Any]:
        answer = self._client.get_item(TableName=self._table, Key=pack({"pk": pk}), ConsistentRead=True)
        return unpack(answer.get("Item", {}))

    def _update(self, pk: str, update: str, condition: str, prediction_id: str, values: Mapping[str, Any]) -> bool:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=pack({"pk": pk}),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#id": prediction_id},
                ExpressionAttributeValues=pack(values),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True


@cache
def repeats() -> Repeats:
    """Those in the table that the environment names."""
    return Repeats(aws.dynamodb(), settings.table_name())


def _is_open(entry: Any, repeat: int) -> bool:
    """Whether it is a prediction that this repeat may be of."""
    if not isinstance(entry, dict) or entry["claimed"] >= repeat:
        return False
    return clock.seconds_between(entry["at"], clock.stamp()) <= REPEATED_SECONDS


def _named(caller: str, key: str) -> str:
    return f"request#{caller}#{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _repeated(caller: str, asked: str, now: int) -> str:
    return f"repeat#{caller}#{asked}#{now // REPEATED_SECONDS}"


def _now() -> int:
    return int(clock.now().timestamp())
