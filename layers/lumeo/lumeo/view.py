"""A prediction as a caller reads it: its documents fetched, its stored files under our permanent URLs."""

from collections.abc import Iterable
from typing import Any

from lumeo import artifacts, documents, settings
from lumeo.prediction import Contents, Output, Phase, Prediction, Status, public


def created(prediction: Prediction) -> dict[str, Any]:
    """The answer to a create call: unfinished is `starting`, since clients take `processing` for finished."""
    body = shown(prediction)
    if prediction.phase is not Phase.DONE:
        body |= {"status": Status.STARTING.value, "output": None}
    return body


def shown(prediction: Prediction) -> dict[str, Any]:
    """Replicate's prediction object; see `lumeo.prediction.public`."""
    output = documents.value(prediction.output)
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
