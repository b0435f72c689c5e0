"""What is known of a model's predictions from those that have ended: how long they took, and which webhooks came.

One item for each model, `stats#…` in docs/record.md. It is a sample: a write that comes second, or within a second of
the last, is left out, so that a busy model costs no more than one write a second.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from lumeo import aws, clock, settings
from lumeo.checking import Odds
from lumeo.errors import ErrorCode
from lumeo.histograms import UNKNOWN, Durations, durations, still, together
from lumeo.items import pack, unpack
from lumeo.prediction import Handle, Prediction, Status
from lumeo.writes import written

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT_SECONDS = 90 * 86_400
PAUSE_SECONDS = 1
CLOCKS_DIFFER = 10
"""Seconds between a provider's clock and ours."""
TIME_TO_COME = 1
"""Seconds that a webhook has: whether one came says something only where no look was promised before."""
SEEN_ENDS = {
    None,
    ErrorCode.GENERATION_FAILED,
    ErrorCode.CONTENT_REJECTED,
    ErrorCode.INVALID_INPUT,
    ErrorCode.EMPTY_OUTPUT,
}
"""Codes of verdicts that say when it ended at the provider."""
FLOOR = 0.01
ASSUMED_MISSED, ASSUMED = 0.5, 10
"""Webhooks that are taken to have been missed, of so many, before any was counted."""
REMEMBERED = 200
"""Webhooks on which the share rests, about."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How one prediction went: seconds in the queue and booting, if known; seconds it ran; whether its webhook came."""

    boot: float | None
    run: float
    heard: bool | None


@dataclass(frozen=True, slots=True)
class Experience:
    """What the predictions of a model that ended have taught."""

    n: int = 0
    at: str | None = None
    boot: Durations = UNKNOWN
    run: Durations = UNKNOWN
    webhooks: Mapping[str, float] = field(default_factory=lambda: {"heard": 0.0, "missed": 0.0})

    @property
    def lost(self) -> float:
        """The share of webhooks that do not come."""
        heard, missed = self.webhooks["heard"], self.webhooks["missed"]
        return max(FLOOR, (missed + ASSUMED_MISSED) / (heard + missed + ASSUMED))

    def odds(self, waited: float, ran: float | None, *, starting: bool) -> tuple[Odds, float]:
        """When it will have ended, and the seconds, on that clock, for which it has not: boots are not like runs.

        `waited` since it was submitted; `ran` since it began to run, None if nobody says.
        """
        run = self.run.density()
        if not starting and ran is not None:
            return Odds.of(run), ran
        if starting and self.boot.n:
            return Odds.of(together(still(self.boot.density(), waited), run)), waited
        return Odds.of(run), waited

    def learnt(self, ended: Ended, at: str) -> "Experience":
        """With one more prediction, the latest."""
        boot = self.boot if ended.boot is None else self.boot.learnt(ended.boot)
        webhooks = dict(self.webhooks)
        if ended.heard is not None:
            webhooks = {word: count * (1 - 1 / REMEMBERED) for word, count in webhooks.items()}
            webhooks["heard" if ended.heard else "missed"] += 1
        return Experience(self.n + 1, at, boot, self.run.learnt(ended.run), webhooks)


NOTHING = Experience()


class Experiences:
    """Those in a table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def of(self, prediction: Prediction) -> Experience:
        """What is known of its model; a moment old, which costs half."""
        return _experience(self._item(prediction))

    def add(self, prediction: Prediction) -> None:
        """Learn from a prediction that is over, unless somebody else just did."""
        ended, now = how_it_went(prediction), clock.stamp()
        if ended is None:
            return
        item = self._item(prediction)
        known = _experience(item)
        if known.at and abs(clock.seconds_between(known.at, now)) < PAUSE_SECONDS:
            return
        put: dict[str, Any] = {"TableName": self._table, "Item": pack(_row(prediction, known.learnt(ended, now)))}
        if "n" in item:
            put |= {"ConditionExpression": "n = :n", "ExpressionAttributeValues": {":n": item["n"]}}
        else:
            put |= {"ConditionExpression": "attribute_not_exists(n)"}
        written(self._client.put_item, put)

    def _item(self, prediction: Prediction) -> Mapping[str, Any]:
        answer = self._client.get_item(TableName=self._table, Key=pack({"pk": _name(prediction)}))
        return answer.get("Item", {})


@cache
def experiences() -> Experiences:
    """Those in the table that the environment names."""
    return Experiences(aws.dynamodb(), settings.table_name())


def how_it_went(prediction: Prediction) -> Ended | None:
    """What a prediction that is over teaches; None where nobody saw it end by itself."""
    verdict, handle = prediction.verdict, prediction.handle
    if verdict is None or handle is None or prediction.cancel_requested:
        return None
    if verdict.status not in {Status.SUCCEEDED, Status.FAILED} or verdict.code not in SEEN_ENDS:
        return None
    started = likely(prediction.upstream.started_at, handle.at, verdict.at)
    ended = likely(prediction.upstream.completed_at, handle.at, verdict.at) or _between(prediction, handle, verdict.at)
    boot = max(0.0, clock.seconds_between(handle.at, started)) if started else None
    run = max(0.0, clock.seconds_between(started or handle.at, ended))
    return Ended(boot, run, prediction.wakes > 0 if _had_time_to_come(prediction, ended) else None)


def _had_time_to_come(prediction: Prediction, ended: str) -> bool:
    """Whether a webhook was expected, and would have come before the look that was promised next.

    Whatever became of it: to count all that came, and of the others those found late, would say that few are lost.
    """
    promised = prediction.promised_at
    return prediction.webhook and promised is not None and clock.seconds_between(ended, promised) >= TIME_TO_COME


def likely(told: str | None, earliest: str, latest: str) -> str | None:
    """A time that a provider told, if it can be one between two of ours: some have their own zone, or clock."""
    try:
        early, late = clock.seconds_between(earliest, told or ""), clock.seconds_between(told or "", latest)
    except ValueError:
        return None
    return told if min(early, late) >= -CLOCKS_DIFFER else None


def _between(prediction: Prediction, handle: Handle, seen: str) -> str:
    """When it ended, if nobody says: as soon as a webhook came, else halfway since the look that saw it run."""
    if prediction.wakes:
        return seen
    before = prediction.looked_at or handle.at
    return clock.later(clock.seconds_between(before, seen) / 2, than=before)


def _name(prediction: Prediction) -> str:
    model = prediction.model or prediction.version or f"callers/{prediction.caller}"
    return f"stats#{prediction.provider}#{f'deployments/{prediction.deployment}' if prediction.deployment else model}"


def _row(prediction: Prediction, known: Experience) -> dict[str, Any]:
    """The item."""
    text = {"boot": known.boot.plain(), "run": known.run.plain(), "webhooks": known.webhooks}
    return {
        "pk": _name(prediction),
        "n": known.n,
        "at": known.at,
        "learnt": json.dumps(text, separators=(",", ":")),
        "expires_at": int(clock.now().timestamp()) + KEPT_SECONDS,
    }


def _experience(item: Mapping[str, Any]) -> Experience:
    """What an item says; nothing, if it is not one: then it is written anew."""
    try:
        values = unpack(item)
        said, n, at = json.loads(values["learnt"]), values["n"], clock.stamp(clock.parse(values["at"]))
        webhooks = {word: float(said["webhooks"][word]) for word in ("heard", "missed")}
        if type(n) is int and n > 0 and all(0 <= count <= REMEMBERED for count in webhooks.values()):
            return Experience(n, at, durations(said["boot"]), durations(said["run"]), webhooks)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        pass
    return NOTHING
