"""What must hold of the metrics that a world has printed: a fact counts at most once, whatever crashed or repeats."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from lumeo.errors import ErrorCode
from lumeo.metrics import Metric
from lumeo.prediction import Prediction, Status

ONCE = (Metric.ACCEPTED, Metric.SUBMITTED, Metric.COPIES_GIVEN_UP, Metric.ANNOUNCEMENTS_GIVEN_UP)
ENDS = (Metric.SUCCEEDED, Metric.FAILED, Metric.CANCELED, Metric.CONTENT_REJECTED)


def untrue(lines: list[str], record: Prediction) -> Iterator[str]:
    """What was counted of a prediction, and is not so; what was not counted died with its function."""
    mine = [line for line in measured(lines) if line.get("prediction_id") == record.id]
    counts = Counter(metric for line in mine for metric in Metric if metric in line)
    yield from (f"{record.id} counted as {metric} {counts[metric]} times" for metric in ONCE if counts[metric] > 1)
    ends = {metric: counts[metric] for metric in ENDS if counts[metric]}
    if ends not in ({}, {_end(record): 1}):
        yield f"{record.id} ended as {record.status} and counted as {ends}"


def measured(lines: list[str]) -> list[Mapping[str, Any]]:
    """The lines that hold metrics."""
    return [json.loads(line) for line in lines if line.startswith('{"_aws"')]


def _end(record: Prediction) -> Metric:
    if record.status is Status.SUCCEEDED:
        return Metric.SUCCEEDED
    if record.status is not Status.FAILED:
        return Metric.CANCELED
    return Metric.CONTENT_REJECTED if record.error_code is ErrorCode.CONTENT_REJECTED else Metric.FAILED
