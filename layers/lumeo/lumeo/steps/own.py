"""Makes an upstream run a prediction's own: by the handle in the record, which is written once."""

from dataclasses import dataclass, replace
from typing import Any

from lumeo import clock, polling
from lumeo.errors import ErrorCode
from lumeo.metrics import Metric, measure
from lumeo.prediction import Handle, Intent, Phase, Prediction, Snapshot, Status, Upstream, Verdict
from lumeo.steps import pace, stop
from lumeo.steps.next import answer
from lumeo.steps.settle import settle
from lumeo.steps.tally import waited
from lumeo.store import due, store
from lumeo.telemetry import logger


@dataclass(frozen=True, slots=True)
class Answered:
    """A submission that the provider has just answered: its intent, and the seconds before it is looked at first."""

    intent: Intent
    first: int


def own(
    seen: Prediction, run: str, handle: Handle, snapshot: Snapshot | None, answered: Answered | None = None
) -> dict[str, Any]:
    """Write the handle, and say that it is to be looked at; `seen` is the prediction as it was before."""
    intent = answered.intent if answered else None
    # What was searched for may be over, and its webhook have come in vain.
    wanted = answered.first if answered else pace.wait(replace(seen, webhook=False), 0, None)
    first = polling.until(clock.seconds_between(clock.stamp(), seen.deadline), wanted)
    upstream = snapshot.upstream if snapshot else Upstream()
    owned = store().own(seen, run, handle, upstream, due(first))
    if owned:
        _count(owned, handle, found=answered is None)
    owned = owned or store().get(seen.id)
    if owned is None or not _is_there(owned, handle):
        owner = store().owner(seen.provider, handle)
        if owner not in {None, seen.id}:
            logger.error("the provider named a run that another prediction owns", upstream_id=handle.id, owner=owner)
            return settle(seen, run, Verdict(Status.FAILED, clock.stamp(), ErrorCode.SUBMISSION_UNCERTAIN))
        return _left_over(seen, handle, intent)
    if owned.proposed and owned.proposed != handle.id:
        stop.orphan(owned, owned.proposed, handle.credential)
    if owned.cancel_requested and not owned.verdict:
        if stop.tell(owned, handle):
            store().told(owned.id, clock.stamp())
        first = 1
    return answer(owned, "Status", first, parked_since=seen)


def _count(owned: Prediction, handle: Handle, *, found: bool) -> None:
    """A run at the provider: from here on it may cost."""
    values = {Metric.SUBMITTED: 1, Metric.WAITING_SECONDS: waited(owned, handle.at)}
    measure(owned, values | ({Metric.ADOPTED: 1} if found else {}))


def _left_over(seen: Prediction, handle: Handle, intent: Intent | None) -> dict[str, Any]:
    """Somebody was first: another run that carries the prediction on, or an end."""
    proposed = store().propose(seen.id, handle.id, intent) if intent else None
    now = proposed or store().get(seen.id)
    if not (now and (_is_there(now, handle) or _is_searched_for(now, intent))):
        stop.orphan(seen, handle.id, handle.credential)
    return answer(now or seen, "Create")


def _is_there(prediction: Prediction, handle: Handle) -> bool:
    return prediction.handle is not None and prediction.handle.id == handle.id


def _is_searched_for(prediction: Prediction, intent: Intent | None) -> bool:
    """Whether somebody will find it: not if it belongs to a submission that was taken for absent meanwhile."""
    sending = prediction.intent if prediction.phase is Phase.SENDING else None
    return sending is not None and (intent is None or sending.attempt == intent.attempt)
