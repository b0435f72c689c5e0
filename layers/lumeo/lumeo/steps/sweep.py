"""Carries on what was dropped: runs that never started, failed, timed out, or were stopped by hand.

It looks only at what is overdue: what it costs follows that, not what is open or was ever made.
"""

from lumeo import clock, runs
from lumeo.prediction import Phase, Prediction
from lumeo.runs import Run
from lumeo.store import DUE_SHARDS, due, store
from lumeo.telemetry import about, count, logger

PAUSES = (60, 120, 300, 600)
"""Seconds after the first, second, … failed run before the next: time for a repair, or for an outage to end."""


def sweep() -> int:
    """How many predictions were overdue."""
    overdue = [prediction_id for shard in range(DUE_SHARDS) for prediction_id in store().due(shard, clock.stamp())]
    for prediction_id in overdue:
        try:
            _overdue(prediction_id)
        except Exception:  # noqa: BLE001 (one that cannot be read must not stand in the way of the others)
            logger.exception("could not be swept")
    return len(overdue)


def ended(run: str) -> None:
    """A run failed, timed out or was stopped: Step Functions said so."""
    prediction_id = runs.prediction_of(run)
    about(prediction_id)
    prediction = store().get(prediction_id)
    if prediction and prediction.run == run and prediction.phase is not Phase.DONE:
        _carry_on(prediction)


def _overdue(prediction_id: str) -> None:
    about(prediction_id)
    prediction = store().get(prediction_id)
    # The index is a moment behind the item: only what is still overdue there counts.
    if prediction and prediction.due_at is not None and prediction.due_at < clock.stamp():
        _carry_on(prediction)


def _carry_on(prediction: Prediction) -> None:
    run = runs.look(prediction.run)
    if run is None:
        logger.warning("a run that never started is started", run=prediction.run)
        _start(prediction)
    elif run.status in {"RUNNING", "PENDING_REDRIVE"}:
        # Late, but alive: Step Functions repeats what failed.
        store().promise(prediction.id, prediction.run, due(0))
    else:
        _next(prediction, run)


def _next(prediction: Prediction, run: Run) -> None:
    stopped_at = run.stopped_at or clock.stamp()
    # Who stops a run in the console means the prediction.
    by_hand = run.status == "ABORTED"
    pause = PAUSES[min(runs.number(prediction.run), len(PAUSES)) - 1] if run.status in {"FAILED", "TIMED_OUT"} else 0
    if clock.seconds_between(stopped_at, clock.stamp()) < pause:
        store().promise(prediction.id, prediction.run, clock.later(pause, stopped_at))
        return
    logger.error("a run ended before its prediction did: the next is started", run=prediction.run, status=run.status)
    count("Overtaken", prediction.provider)
    overtaken = store().overtake(
        prediction, runs.following(prediction.run), due(0), stopped=stopped_at if by_hand else None
    )
    if overtaken:
        _start(overtaken)


def _start(prediction: Prediction) -> None:
    count("Swept", prediction.provider)
    if runs.start(prediction.id, prediction.run):
        store().promise(prediction.id, prediction.run, due(0))
