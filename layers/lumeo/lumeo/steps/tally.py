"""What is counted of a prediction when it has reached its terminal status, by whoever wrote that: once."""

import json
import math
from typing import Any

from lumeo import clock
from lumeo.errors import ErrorCode
from lumeo.metrics import Metric, measure
from lumeo.prediction import Prediction, Status

REFUSALS = {
    ErrorCode.PROVIDER_ACCOUNT: Metric.ACCOUNT_REFUSALS,
    ErrorCode.MODEL_NOT_FOUND: Metric.REQUEST_REFUSALS,
    ErrorCode.INVALID_INPUT: Metric.REQUEST_REFUSALS,
}
"""What a provider said no to."""
MOST_SECONDS = 30 * 86_400
"""More than any model runs: what a provider says beyond is a mistake of it, and would spoil a sum."""


def tally(ended: Prediction, *, heard: bool | None = None) -> None:
    """Count one that has just ended; `heard`: whether its webhook came, if one was expected in time."""
    values: dict[Metric, float] = {_outcome(ended): 1}
    if ended.error_code in REFUSALS:
        values[REFUSALS[ended.error_code]] = 1
    if _is_lost(ended):
        values[Metric.COPIES_GIVEN_UP] = 1
    if heard is not None:
        values[Metric.WEBHOOKS_LOST] = 0 if heard else 1
    if ended.outputs:
        values[Metric.OUTPUT_BYTES] = sum(output.bytes for output in ended.outputs.values())
    seconds = _provider_seconds(ended)
    if seconds is not None:
        values[Metric.PROVIDER_SECONDS] = seconds
    measure(ended, values, code=ended.error_code)


def waited(prediction: Prediction, until: str) -> float:
    """Seconds for which it has not been at its provider by then."""
    return max(0.0, clock.seconds_between(prediction.created_at, until))


def late(prediction: Prediction, now: str) -> dict[Metric, float]:
    """By how much its deadline has passed, if it has, and nothing has ended it."""
    seconds = clock.seconds_between(prediction.deadline, now)
    return {Metric.PAST_DEADLINE_SECONDS: seconds} if seconds > 0 and prediction.verdict is None else {}


def _outcome(ended: Prediction) -> Metric:
    if ended.status is Status.SUCCEEDED:
        return Metric.SUCCEEDED
    if ended.status is not Status.FAILED:
        return Metric.CANCELED
    return Metric.CONTENT_REJECTED if ended.error_code is ErrorCode.CONTENT_REJECTED else Metric.FAILED


def _is_lost(ended: Prediction) -> bool:
    """Whether it was made, and paid for, and could not be kept."""
    made = ended.verdict is not None and ended.verdict.status is Status.SUCCEEDED
    return (made and ended.status is Status.FAILED) or ended.error_code is ErrorCode.OUTPUT_EXPIRED


def _provider_seconds(ended: Prediction) -> float | None:
    """What it ran at its provider, in the provider's own words, or else as far as we saw."""
    if ended.handle is None:
        return None
    metrics = json.loads(ended.metrics.json) if ended.metrics and ended.metrics.json else {}
    said: Any = metrics.get("predict_time")
    if type(said) in {int, float} and math.isfinite(said) and 0 <= said <= MOST_SECONDS:
        return float(said)
    started, completed = ended.timeline.get("started"), ended.timeline.get("completed")
    return max(0.0, clock.seconds_between(started, completed)) if started and completed else None
