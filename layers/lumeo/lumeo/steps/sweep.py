"""Carries on what was dropped: runs that never started, failed, timed out, or were stopped by hand.

And takes away what came late for predictions that were deleted.

It looks only at what is overdue: what it costs follows that, not what is open or was ever made.
"""

from collections.abc import Mapping

from lumeo import clock, runs
from lumeo.announcing import untold
from lumeo.errors import Unswept
from lumeo.metrics import Metric, measure
from lumeo.prediction import Phase, Prediction
from lumeo.runs import Run
from lumeo.steps.delete import erase
from lumeo.steps.tally import late, waited
from lumeo.store import DUE_SHARDS, due, store
from lumeo.telemetry import about, logger

PAUSES = (60, 120, 300, 600)
"""Seconds after the first, second, … failed run before the next: time for a repair, or for an outage to end."""
ERASE_AGAIN_SECONDS = 600
"""What could not be taken away is tried again after so long."""
LAST_TELLING = 2 * runs.LAST
"""The number of the run after which nobody is told of an end any more."""


def sweep() -> int:
    """How many predictions were overdue. Raises Unswept, after all were looked at, if some could not be carried on."""
    overdue = [prediction_id for shard in range(DUE_SHARDS) for prediction_id in store().due(shard, clock.stamp())]
    left = [prediction_id for prediction_id in overdue if not _swept(prediction_id)]
    if left:
        # The line that tells of it is about none of them.
        logger.thread_safe_remove_keys(["prediction_id"])
        raise Unswept(f"{len(left)} of {len(overdue)} overdue predictions could not be swept")
    return len(overdue)


def ended(run: str) -> None:
    """A run failed, timed out or was stopped: Step Functions said so. Raises Unswept if the next cannot be started."""
    prediction_id = runs.prediction_of(run)
    about(prediction_id)
    prediction = store().get(prediction_id)
    if prediction and prediction.run == run and prediction.due_at is not None:
        _carry_on(prediction)


def _swept(prediction_id: str) -> bool:
    try:
        _overdue(prediction_id)
    except Exception:  # noqa: BLE001 (one that cannot be read must not stand in the way of the others)
        logger.exception("could not be swept")
        return False
    return True


def _overdue(prediction_id: str) -> None:
    about(prediction_id)
    prediction = store().get(prediction_id)
    # The index is a moment behind the item: only what is still overdue there counts.
    if prediction and prediction.due_at is not None and prediction.due_at < clock.stamp():
        _measure(prediction, clock.stamp())
        _carry_on(prediction)


def _measure(prediction: Prediction, now: str) -> None:
    """How long it has been waiting, or has been late: whoever should carry it on says nothing of it."""
    waiting = prediction.handle is None and prediction.verdict is None
    values = {Metric.WAITING_SECONDS: waited(prediction, now)} if waiting else {}
    if values | late(prediction, now):
        measure(prediction, values | late(prediction, now))


def _carry_on(prediction: Prediction) -> None:
    if prediction.phase is Phase.DONE and not untold(prediction):
        _erase(prediction)
        return
    run = runs.look(prediction.run)
    if run is None:
        logger.warning("a run that never started is started", run=prediction.run)
        _start(prediction)
    elif run.status in {"RUNNING", "PENDING_REDRIVE"}:
        # Late, but alive: Step Functions repeats what failed.
        store().promise(prediction.id, prediction.run, due(0))
    else:
        _next(prediction, run)


def _erase(prediction: Prediction) -> None:
    """What was deleted is looked for once more, when nobody can store anything for it any longer."""
    if prediction.erase_at is None:
        logger.error("what is over promises something, and nobody knows what")
        store().forget(prediction)
        return
    # First: what cannot be erased must not stand before what is still to be run.
    later = max(prediction.erase_at, clock.later(ERASE_AGAIN_SECONDS))
    promised = store().promise(prediction.id, prediction.run, later)
    if promised and clock.stamp() >= prediction.erase_at:
        erase(promised)
        store().forget(promised)


def _next(prediction: Prediction, run: Run) -> None:
    stopped_at = run.stopped_at or clock.stamp()
    # Who stops a run in the console means the prediction.
    by_hand = run.status == "ABORTED"
    if prediction.phase is Phase.DONE and (by_hand or runs.number(prediction.run) >= LAST_TELLING):
        logger.error("the caller is not told of the end any more", run=prediction.run, status=run.status)
        if store().stop_telling(prediction.id, prediction.run, None):
            measure(prediction, {Metric.ANNOUNCEMENTS_GIVEN_UP: 1})
        return
    # A run that could not tell its caller ends well, and yet in vain.
    failed = run.status in {"FAILED", "TIMED_OUT"} or prediction.phase is Phase.DONE
    pause = PAUSES[min(runs.number(prediction.run), len(PAUSES)) - 1] if failed else 0
    if clock.seconds_between(stopped_at, clock.stamp()) < pause:
        store().promise(prediction.id, prediction.run, clock.later(pause, stopped_at))
        return
    logger.error("a run ended before its prediction did: the next is started", run=prediction.run, status=run.status)
    overtaken = store().overtake(
        prediction, runs.following(prediction.run), due(0), stopped=stopped_at if by_hand else None
    )
    if overtaken:
        _start(overtaken, {Metric.OVERTAKEN: 1})


def _start(prediction: Prediction, why: Mapping[Metric, float] | None = None) -> None:
    measure(prediction, {Metric.SWEPT: 1} | dict(why or {}))
    if not runs.start(prediction.id, prediction.run):
        raise Unswept(f"the run {prediction.run} could not be started")
    store().promise(prediction.id, prediction.run, due(0))
