"""A prediction as a caller reads it: its documents fetched, its stored files under our permanent URLs."""

from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from lumeo import artifacts, documents, settings
from lumeo.prediction import Output, Phase, Prediction, Status
from lumeo.public import Contents, public
from lumeo.store import store


def created(prediction: Prediction) -> dict[str, Any]:
    """The answer to a create call: unfinished is `starting`, since clients take `processing` for finished."""
    body = shown(prediction)
    if prediction.phase is not Phase.DONE:
        body |= {"status": Status.STARTING.value, "output": None}
    return body


def shown(prediction: Prediction) -> dict[str, Any]:
    """Replicate's prediction object; see `lumeo.public`."""
    try:
        return _shown(prediction)
    except ClientError:
        # Its documents may have been taken away since it was read.
        now = store().get(prediction.id)
        if now is None or now.removed_at is None:
            raise
        return _shown(now)


def _shown(prediction: Prediction) -> dict[str, Any]:
    unfinished = prediction.partial if prediction.phase is not Phase.DONE else None
    output = documents.value(prediction.output or unfinished)
    if prediction.output:
        output = with_urls(output, prediction.outputs.values())
    return public(
        prediction,
        Contents(
            input=documents.value(prediction.input),
            output=output,
            logs=documents.value(prediction.logs) or "",
            metrics=documents.value(prediction.metrics) or {},
        ),
    )


def with_urls(output: Any, stored: Iterable[Output]) -> Any:
    """An output with the permanent URLs of its files in their places."""
    base = settings.outputs_url()
    return artifacts.replace(output, {file.pointer: f"{base}/{file.key}" for file in stored})
