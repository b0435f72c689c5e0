"""Starts the runs that never started: StartExecution failed, or submit died between the record and the run."""

from lumeo import clock, runs
from lumeo.prediction import Phase
from lumeo.store import DUE_SHARDS, due, store
from lumeo.telemetry import about, count, logger


def sweep() -> int:
    """How many predictions were overdue."""
    overdue = [prediction_id for shard in range(DUE_SHARDS) for prediction_id in store().due(shard, clock.stamp())]
    for prediction_id in overdue:
        try:
            _start(prediction_id)
        except Exception:  # noqa: BLE001 (one that cannot be read must not stand in the way of the others)
            logger.exception("could not be swept")
    return len(overdue)


def _start(prediction_id: str) -> None:
    about(prediction_id)
    prediction = store().get(prediction_id)
    # The index is a moment behind the item: only what is still overdue there counts.
    if prediction is None or prediction.due_at is None or prediction.due_at >= clock.stamp():
        return
    if prediction.phase is not Phase.ACCEPTED:
        logger.error("overdue", phase=prediction.phase, run=prediction.run, due_at=prediction.due_at)
        # Out of the way of what can be started.
        store().promise(prediction.id, prediction.run, due(600))
        return
    logger.warning("a run that never started is started", run=prediction.run)
    count("Swept", prediction.provider)
    if runs.start(prediction.id, prediction.run):
        store().promise(prediction.id, prediction.run, due(0))
