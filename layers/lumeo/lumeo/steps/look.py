"""What a look at the provider brings into the record."""

import json
from typing import Any

from lumeo import clock, documents, logs
from lumeo.prediction import Prediction, Snapshot, Status
from lumeo.providers import provider
from lumeo.redaction import redacted

METRICS_KEPT = documents.INLINE_BYTES
"""Characters of JSON: what is longer is none that anybody would read, and every answer would show it."""
LOGS_KEPT = 100_000
"""Characters of a model's log that are kept: the last ones, where its progress and its end stand."""


def changes(prediction: Prediction, snapshot: Snapshot) -> dict[str, Any]:
    """The attributes that a snapshot changes, whatever comes of it."""
    found: dict[str, Any] = {
        "upstream": snapshot.upstream,
        "polls": prediction.polls + 1,
        "troubles": 0,
        "gone_looks": 0,
    }
    if snapshot.logs:
        log = redacted(snapshot.logs)
        readable = logs.readable(log, snapshot.error)
        found["logs"] = documents.keep(prediction.id, "logs", readable[-LOGS_KEPT:])
        if readable != log:
            found["raw_logs"] = documents.keep(prediction.id, "raw-logs", log[-LOGS_KEPT:])
    if snapshot.metrics and len(json.dumps(snapshot.metrics)) <= METRICS_KEPT:
        found["metrics"] = documents.keep(prediction.id, "metrics", dict(snapshot.metrics))
    if snapshot.status is Status.PROCESSING and snapshot.output and _is_text(prediction, snapshot.output):
        found["partial"] = documents.keep(prediction.id, "partial", snapshot.output)
    began = snapshot.status is Status.PROCESSING or snapshot.upstream.started_at is not None
    if began and "started" not in prediction.timeline:
        found["timeline.started"] = moment(snapshot.upstream.started_at)
    if snapshot.status is Status.PROCESSING:
        found["status"] = Status.PROCESSING
    return found


def _is_text(prediction: Prediction, output: Any) -> bool:
    """Whether a caller may see it before it is stored: files are served from our own storage alone."""
    words = output if isinstance(output, list) else [output]
    return prediction.handle is not None and (
        all(isinstance(word, str) for word in words)
        and not provider(prediction.provider).artifacts(prediction.handle, output)
    )


def moment(text: str | None) -> str:
    """The provider's time if it is one, else now."""
    try:
        return clock.stamp(clock.parse(text)) if text else clock.stamp()
    except ValueError:
        return clock.stamp()
