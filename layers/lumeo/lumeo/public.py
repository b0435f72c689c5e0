"""A prediction as its caller sees it: Replicate's object, with ours added. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lumeo.errors import ErrorCode
from lumeo.prediction import Phase, Prediction, Remark, Status, is_hash, named

SENTENCES: Mapping[ErrorCode, str] = {
    ErrorCode.CONTENT_REJECTED: "This content was rejected.",
    ErrorCode.INVALID_INPUT: "The model did not accept this input.",
    ErrorCode.MODEL_NOT_FOUND: "This model or version does not exist, or may not be used here.",
    ErrorCode.GENERATION_FAILED: "The generation failed.",
    ErrorCode.INTERRUPTED: "The generation was interrupted. Please try again.",
    ErrorCode.PROVIDER_BUSY: "The model is busy at the moment. Please try again later.",
    ErrorCode.PROVIDER_UNAVAILABLE: "The model could not be reached. Please try again later.",
    ErrorCode.PROVIDER_ACCOUNT: "This service cannot run the model at the moment. Its operator has to look into it.",
    ErrorCode.DEADLINE_EXCEEDED: "The generation took too long and was stopped.",
    ErrorCode.OUTPUT_EXPIRED: "The generation finished, but its output could not be saved.",
    ErrorCode.OUTPUT_TOO_LARGE: "The generation finished, but its output is too large to be saved.",
    ErrorCode.EMPTY_OUTPUT: "The generation finished without an output.",
    ErrorCode.SUBMISSION_UNCERTAIN: "It is not certain that the generation was started, so it was not started again.",
}
"""What a person reads. The provider's own text is for the operator."""

REMARKS: Mapping[Remark, str] = {
    Remark.PARTIAL: "Some of its items did not succeed: metrics.counts says how many, and /items which.",
    Remark.INCOMPLETE: "The output was cut off before its end.",
    Remark.NOT_STOPPED: "This provider cannot be told to stop: the run may go on there, and be billed.",
}

HIDDEN = "hidden"
"""What stands for the version of a model that has none of its own, as official models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The values of a prediction's documents that a caller may read."""

    input: Any
    output: Any = None
    logs: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)


def served_status(prediction: Prediction) -> Status:
    """The status that a caller reads: `processing` while outputs are being stored, `canceled` for `aborted`."""
    if prediction.phase is Phase.SETTLED:
        return Status.PROCESSING if prediction.handle else Status.STARTING
    return Status.CANCELED if prediction.status is Status.ABORTED else prediction.status


def model_of(prediction: Prediction) -> str:
    """`owner/name`, as it was asked for, or else as the provider named it; empty while nobody knows."""
    return prediction.model or prediction.upstream.model or named(prediction.version)[0] or ""


def version_of(prediction: Prediction) -> str:
    """The hash that ran, or else that was asked for; `hidden` for models that have none, or while nobody knows."""
    return prediction.upstream.version or named(prediction.version)[1] or HIDDEN


def warnings(prediction: Prediction) -> list[dict[str, str]]:
    """What its caller should know: `{code, detail}` each."""
    remarks = [{"code": remark.value, "detail": REMARKS[remark]} for remark in prediction.remarks]
    return remarks + _unpinned(prediction)


def _unpinned(prediction: Prediction) -> list[dict[str, str]]:
    # Of a deployment, and of a model of the catalogue, the version is its owner's business.
    if prediction.deployment or (prediction.model and prediction.version) or named(prediction.version)[1]:
        return []
    runs = prediction.upstream.version or prediction.latest
    if runs is None or not is_hash(runs):
        return []
    pinned = f"{model_of(prediction)}:{runs}"
    return [{"code": "unpinned_version", "detail": f"No version was named. To run this one again, write {pinned}"}]


def metrics_of(prediction: Prediction, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The provider's metrics; once it is over with `total_time`, and, if it ran, `predict_time`, in seconds."""
    found = dict(metrics)
    if prediction.completed_at is None:
        return found
    if found.pop("progress", None) is not None and prediction.status is Status.SUCCEEDED:
        found["progress"] = 1
    started, completed = prediction.timeline.get("started"), prediction.timeline.get("completed")
    if started and completed and not isinstance(found.get("predict_time"), int | float):
        found["predict_time"] = max(0.0, _seconds(started, completed))
    return found | {"total_time": _seconds(prediction.created_at, prediction.completed_at)}


def public(prediction: Prediction, contents: Contents) -> dict[str, Any]:
    """Replicate's prediction object, with ours added; what is optional there and not known yet is not in it."""
    code = prediction.error_code
    here = f"{prediction.base_url}/v1/predictions/{prediction.id}"
    wanted = prediction.subscriber
    optional = {
        "started_at": prediction.timeline.get("started"),
        "completed_at": prediction.completed_at,
        "deployment": prediction.deployment,
        "options": dict(prediction.options) or None,
        "rerun_of": prediction.rerun_of,
        "webhook": wanted.url if wanted else None,
        "webhook_events_filter": list(wanted.events) if wanted else None,
        "webhook_deliveries": _deliveries(prediction) or None,
    }
    return {
        "id": prediction.id,
        "provider": prediction.provider,
        "model": model_of(prediction),
        "version": version_of(prediction),
        "input": contents.input,
        "output": contents.output,
        "logs": contents.logs,
        "error": SENTENCES[code] if code else None,
        "error_code": code.value if code else None,
        "warnings": warnings(prediction),
        "status": served_status(prediction).value,
        "source": "api",
        "data_removed": prediction.removed_at is not None,
        "created_at": prediction.created_at,
        "deadline": prediction.deadline,
        "metrics": metrics_of(prediction, contents.metrics),
        "urls": {"get": here, "cancel": f"{here}/cancel", "web": f"{prediction.base_url}/p/{prediction.id}"},
        "timeline": dict(prediction.timeline),
        **{name: value for name, value in optional.items() if value is not None},
    }


def _deliveries(prediction: Prediction) -> dict[str, dict[str, Any]]:
    shown = ("attempts", "last_at", "status", "error", "delivered_at")
    return {
        event: {name: getattr(said, name) for name in shown if getattr(said, name) is not None}
        for event, said in prediction.announced.items()
    }


def _seconds(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
