"""Rate limits that all functions keep together: one clock for each, moved by one conditional update.

The algorithm is GCRA (https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm). A clock's `tat`, its theoretical
arrival time in milliseconds, says until when the rate is used up; who comes moves it on by one interval. Who has a
turn keeps its place in the queue: when the clock is closed for a while, all turns are put off alike.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lumeo import aws, clock, settings
from lumeo.items import pack, unpack
from lumeo.prediction import Turn

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ATTEMPTS = 8
"""Between two updates somebody else may always have moved the clock."""
IDLE_SECONDS = 86_400
"""A clock that stood still for so long is as good as none."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a minute, of which `burst` may come at once."""

    per_minute: int
    burst: int

    @property
    def interval(self) -> int:
        """Milliseconds, rounded up: never more than the rate."""
        return -(-60_000 // self.per_minute)

    @property
    def tolerance(self) -> int:
        """How far, in milliseconds, a clock may be ahead of who comes."""
        return (self.burst - 1) * self.interval


@dataclass(frozen=True, slots=True)
class Face:
    """What a clock shows, in milliseconds; `shift`: by how much turns have been put off so far."""

    tat: int = 0
    closed_until: int = 0
    shift: int = 0


class Clocks:
    """The clocks in a table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def book(self, name: str, rate: Rate, before: str) -> Turn | None:
        """The next turn, now one's own; None, and nothing is taken, if there is none before that moment."""
        latest = _milliseconds(before) + rate.tolerance - 1
        face, moved = self._advance(name, rate, lambda _: latest)
        if not moved:
            return None
        now = _now()
        return Turn(_stamp(max(now, face.tat - rate.interval - rate.tolerance, face.closed_until)), face.shift)

    def now(self, name: str, turn: Turn) -> Turn:
        """A turn as it is now, after what has happened to the clock."""
        face = self._read(name)
        at = _milliseconds(turn.at) + face.shift - turn.shift
        return Turn(_stamp(max(at, face.closed_until)), face.shift)

    def take(self, name: str, rate: Rate) -> float:
        """0 if there is room now, which is thereby taken; else, with nothing taken, the seconds until there is."""
        face, taken = self._advance(name, rate, lambda now: now + rate.tolerance)
        return 0 if taken else max(1, face.tat - rate.tolerance - _now()) / 1000

    def close(self, name: str, rate: Rate, seconds: float) -> None:
        """Let nobody go for that long: every turn is put off by as much of it as is new."""
        for _ in range(ATTEMPTS):
            face, now = self._read(name), _now()
            until = now + int(seconds * 1000)
            delay = until - max(face.closed_until, now)
            if delay <= 0:
                return
            # Who was refused has used up its burst too.
            tat = max(face.tat + delay, until + rate.tolerance)
            values = {":until": until, ":shift": face.shift + delay, ":tat": tat, ":expiry": _expiry(until)}
            _, moved = self._update(
                name,
                "SET closed_until = :until, put_off = :shift, tat = :tat, expires_at = :expiry",
                "tat = :known" if face.tat else "attribute_not_exists(tat)",
                values | ({":known": face.tat} if face.tat else {}),
            )
            if moved:
                return
        raise ClockBusy(name)

    def _advance(self, name: str, rate: Rate, latest: Callable[[int], int]) -> tuple[Face, bool]:
        """The clock after it was moved on, unless it stands past `latest` (of now): then as it is, and False.

        Now is read anew each time: a write may take seconds.
        """
        for _ in range(ATTEMPTS):
            now = _now()
            face, moved = self._update(
                name,
                "SET tat = :next, expires_at = :expiry",
                "attribute_not_exists(tat) OR tat < :now",
                {":now": now, ":next": now + rate.interval, ":expiry": _expiry(now)},
            )
            now = _now()
            if moved or face.tat > latest(now):
                return face, moved
            face, moved = self._update(
                name,
                "SET tat = tat + :step, expires_at = :expiry",
                "tat BETWEEN :now AND :latest",
                {":now": now, ":latest": latest(now), ":step": rate.interval, ":expiry": _expiry(face.tat)},
            )
            if moved or face.tat > latest(_now()):
                return face, moved
        raise ClockBusy(name)

    def _read(self, name: str) -> Face:
        answer = self._client.get_item(TableName=self._table, Key=pack({"pk": name}), ConsistentRead=True)
        return _face(answer.get("Item", {}))

    def _update(self, name: str, update: str, condition: str, values: dict[str, int]) -> tuple[Face, bool]:
        """The clock, and whether this moved it."""
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=pack({"pk": name}),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=pack(values),
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            refused: dict[str, Any] = {**error.response}
            return _face(refused.get("Item", {})), False
        return _face(answer["Attributes"]), True


class ClockBusy(RuntimeError):
    """Somebody else moved a clock each time."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the clock {name} would not be moved")


@cache
def clocks() -> Clocks:
    """Those in the table that the environment names."""
    return Clocks(aws.dynamodb(), settings.table_name())


def _face(item: Mapping[str, Any]) -> Face:
    values = unpack(item)
    return Face(values.get("tat", 0), values.get("closed_until", 0), values.get("put_off", 0))


def _expiry(milliseconds: int) -> int:
    return milliseconds // 1000 + IDLE_SECONDS


def _now() -> int:
    return _milliseconds(clock.stamp())


def _milliseconds(stamp: str) -> int:
    return round(clock.parse(stamp).timestamp() * 1000)


def _stamp(milliseconds: int) -> str:
    return clock.stamp(datetime.fromtimestamp(milliseconds / 1000, UTC))
