"""What a task answers to the state machine: what comes next, and what a person may want to see beside it."""

from typing import Any, Literal

from lumeo.announcing import untold
from lumeo.prediction import Phase, Prediction
from lumeo.store import store
from lumeo.telemetry import about

Next = Literal["Create", "Status", "Finalize", "Announce", "End"]


def end(prediction_id: str) -> dict[str, Any]:
    """Nothing is left to do for this run."""
    return {"id": prediction_id, "next": "End", "wait": 1}


def answer(
    prediction: Prediction, to: Next, wait: int = 1, *, parked_since: Prediction | None = None
) -> dict[str, Any]:
    """The task's result; `wait` in whole seconds, which pass before Create, Status and Announce.

    `parked_since`: a webhook or a cancel may end the wait; whatever has come since the prediction was as given counts.
    """
    parked = {"wakes": parked_since.wakes} if parked_since and parked_since.webhook else {}
    return {
        "id": prediction.id,
        "next": to,
        "wait": wait,
        "polls": prediction.polls,
        "provider": prediction.provider,
        "model": prediction.model or prediction.version,
        "upstream_id": prediction.handle.id if prediction.handle else None,
        **parked,
    }


def over(prediction: Prediction | None, prediction_id: str, run: str) -> dict[str, Any]:
    """What is left to do for this run when the prediction is over, or is not its own: at most to tell the caller."""
    if prediction and prediction.run == run and prediction.phase is Phase.DONE and untold(prediction):
        return answer(prediction, "Announce")
    return end(prediction_id)


def current(prediction_id: str, run: str) -> Prediction | dict[str, Any]:
    """The prediction, if this run is the one that may carry it on; else, if it is over or overtaken, what to answer."""
    about(prediction_id)
    prediction = store().get(prediction_id)
    if prediction is None or prediction.run != run or prediction.phase is Phase.DONE:
        return over(prediction, prediction_id, run)
    return prediction
