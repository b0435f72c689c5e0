"""Stop a prediction: note the wish, tell the provider, and say `canceled` only when the record does."""

from collections.abc import Mapping
from typing import Any

from lumeo import clock, runs
from lumeo.errors import ProviderError
from lumeo.metrics import Metric, measure
from lumeo.prediction import Handle, Phase, Prediction, Remark, Status
from lumeo.providers import provider
from lumeo.redaction import redacted
from lumeo.steps import look, stop
from lumeo.steps.tally import tally
from lumeo.store import store
from lumeo.telemetry import about, logger

HOLD_SECONDS = 3.0
LOOK_SECONDS = 0.5


def cancel(prediction: Prediction) -> Prediction:
    """The prediction after its caller asked for its end; one that has ended is unchanged."""
    about(prediction.id)
    if prediction.verdict:
        return prediction
    withdrawn = _withdrawn(prediction, Phase.ACCEPTED)
    if withdrawn:
        return withdrawn
    until = clock.now().timestamp() + HOLD_SECONDS
    wished = store().wish(prediction.id, clock.stamp(), telling=prediction.handle is not None)
    # Without a wish of ours it has ended, or was asked for already; without a handle, create will see the wish.
    if wished and wished.phase is Phase.ACCEPTED:
        # Create has just taken its submission back; now that the wish is there, it makes no other.
        ended = _withdrawn(wished, Phase.ACCEPTED) or store().get(prediction.id) or prediction
    elif wished and wished.handle and not provider(wished.provider).cancels:
        stop.tell(wished, wished.handle)
        withdrawn = _withdrawn(wished, Phase.RUNNING, {"remarks": (Remark.NOT_STOPPED,)})
        ended = withdrawn or store().get(wished.id) or prediction
    elif wished and wished.handle and stop.tell(wished, wished.handle):
        if not wished.cancel_sent:
            store().told(wished.id, clock.stamp())
        ended = _ended(wished, wished.handle, until)
    else:
        ended = store().get(prediction.id) or prediction
    # Whatever came of it, its run need not wait any longer.
    runs.wake((wished or prediction).task_token)
    return ended


def _withdrawn(prediction: Prediction, phase: Phase, changes: Mapping[str, Any] | None = None) -> Prediction | None:
    """The prediction, ended as canceled by this call; None if something else had come in between."""
    withdrawn = store().withdraw(prediction, phase, changes)
    if withdrawn:
        tally(withdrawn)
        logger.info("done", status=withdrawn.status)
    return withdrawn


def _ended(prediction: Prediction, handle: Handle, until: float) -> Prediction:
    """Hold the answer for a moment: mostly the provider ends it at once."""
    # Who is not to be asked so often says when the run has ended to whoever looks next.
    if provider(prediction.provider).polling.first > HOLD_SECONDS:
        return prediction
    while not prediction.verdict:
        try:
            snapshot = provider(prediction.provider).fetch(handle)
        except ProviderError as error:
            logger.warning("a look brought nothing", raw=redacted(error.raw))
            measure(prediction, {Metric.LOOKS_WITHOUT_ANSWER: 1})
        else:
            # What has files to be stored is the run's to end.
            if snapshot.status is Status.CANCELED and not snapshot.stored:
                withdrawn = _withdrawn(prediction, Phase.RUNNING, look.changes(prediction, snapshot))
                return withdrawn or store().get(prediction.id) or prediction
        if clock.now().timestamp() + LOOK_SECONDS > until:
            break
        clock.sleep(LOOK_SECONDS)
        prediction = store().get(prediction.id) or prediction
    return prediction
