"""One look at the provider. Its troubles never end a paid run: they mean *still running, longer wait*."""

from typing import Any

from lumeo import clock, documents, polling
from lumeo.errors import Gone, ProviderError, Rejected, Retryable
from lumeo.metrics import Metric, measure
from lumeo.prediction import (
    Document,
    Handle,
    Phase,
    Prediction,
    Remark,
    Snapshot,
    Status,
    Verdict,
    overdue,
    verdict,
)
from lumeo.providers import provider
from lumeo.redaction import redacted
from lumeo.steps import collect, look, notices, pace, stop
from lumeo.steps.next import answer, current
from lumeo.steps.tally import late
from lumeo.store import DUE_SLACK, due, store
from lumeo.telemetry import logger

PENDING_SECONDS = 60
"""A provider that does not know a run so shortly after it took it is only late."""
GONE_LOOKS = 3
"""Looks in a row that say so before it is believed that a run is gone."""
CANCEL_AGAIN_SECONDS = 10
GRACE_SECONDS = 60
"""After the deadline: so long the provider may take to end what was cancelled."""


def status(prediction_id: str, run: str, since: str | None = None) -> dict[str, Any]:
    """Look, record what is seen, and say what comes next; `since`: when this call began to wait by itself."""
    prediction = current(prediction_id, run)
    if isinstance(prediction, dict):
        return prediction
    if prediction.phase is Phase.SETTLED and (prediction.handle is None or prediction.fresh_look != "asked"):
        return answer(prediction, "Finalize")
    if prediction.handle is None:
        return answer(prediction, "Create")
    if prediction.phase is Phase.SETTLED:
        return _look_afresh(prediction, run, prediction.handle)
    return _look(prediction, run, prediction.handle, since)


def seen(prediction_id: str, run: str, snapshot: Snapshot) -> dict[str, Any]:
    """What follows from what was seen already, when it was submitted."""
    prediction = current(prediction_id, run)
    if isinstance(prediction, dict):
        return prediction
    if prediction.phase is Phase.RUNNING and prediction.handle:
        return _seen(prediction, run, prediction.handle, snapshot)
    return answer(prediction, "Create")


def _look(prediction: Prediction, run: str, handle: Handle, since: str | None) -> dict[str, Any]:
    try:
        snapshot = provider(prediction.provider).fetch(handle)
    except ProviderError as error:
        return _nothing_learnt(prediction, run, handle, error)
    return _seen(prediction, run, handle, snapshot, since)


def _seen(
    prediction: Prediction, run: str, handle: Handle, snapshot: Snapshot, since: str | None = None
) -> dict[str, Any]:
    now, changes = clock.stamp(), look.changes(prediction, snapshot)
    ended, unstopped = verdict(prediction, snapshot, now), False
    if ended is None and _is_to_be_told(prediction, now):
        unstopped = stop.unheard(prediction, handle) and not snapshot.unknown
        changes["cancel_sent"] = now
    ended = ended or _too_late(prediction, now) or _let_go(prediction, now, unstopped=unstopped)
    if ended:
        changes |= _ending(prediction, handle, ended, snapshot, unstopped=unstopped)
        if since is None and prediction.due_at:
            changes["promised_at"] = clock.later(-DUE_SLACK, prediction.due_at)
        settled = store().settle(prediction, run, ended, due(0), changes)
        return answer(settled or prediction, "Finalize" if settled else "Status")
    if snapshot.unknown and (prediction.polls == 0 or snapshot.upstream.status != prediction.upstream.status):
        logger.error("a status that nobody knows: taken as still running", upstream_status=snapshot.upstream.status)
    soon, looks = None, 0
    if not _expects_the_end(prediction, now):
        soon, looks = pace.expected(prediction, handle, snapshot), prediction.polls + 1
    wait = pace.wait(prediction, looks, soon)
    observed = store().observe(prediction.id, run, changes | {"looked_at": now, "due_at": due(wait)})
    if observed is None:
        return answer(prediction, "Status", wait, parked_since=prediction)
    if late(observed, now):
        measure(observed, late(observed, now))
    notices.send(prediction, observed)
    hold = pace.hold(prediction, soon, since)
    if hold:
        pace.sleep(prediction, hold)
        return status(prediction.id, run, since or now)
    return answer(observed, "Status", wait, parked_since=prediction)


def _nothing_learnt(prediction: Prediction, run: str, handle: Handle, error: ProviderError) -> dict[str, Any]:
    now, troubles = clock.stamp(), prediction.troubles + 1
    if troubles == 1:
        logger.warning("a look brought nothing", raw=redacted(error.raw))
    measure(prediction, {Metric.LOOKS_WITHOUT_ANSWER: 1} | late(prediction, now))
    settled_in = clock.seconds_between(handle.at, now) > PENDING_SECONDS or prediction.cancel_sent is not None
    gone = isinstance(error, Gone) and settled_in
    gone_looks = prediction.gone_looks + 1 if gone else 0
    left = _too_late(prediction, now) or _let_go(prediction, now, unstopped=False)
    ended = left
    if gone_looks >= GONE_LOOKS and isinstance(error, Gone):
        ended = ended or _gone(prediction, error, now)
    if isinstance(error, Rejected):
        logger.error("it cannot be asked for", raw=redacted(error.raw))
        ended = ended or Verdict(Status.FAILED, now, error.code)
    if ended:
        raw: dict[str, Any] = {"raw_error": documents.keep(prediction.id, "error", error.raw)}
        raw |= {"remarks": (Remark.NOT_STOPPED,)} if left and not provider(prediction.provider).cancels else {}
        settled = store().settle(prediction, run, ended, due(0), raw)
        return answer(settled or prediction, "Finalize" if settled else "Status")
    wait = _next_wait(prediction, _trouble_wait(prediction, error))
    changes = {"polls": prediction.polls + 1, "troubles": troubles, "gone_looks": gone_looks, "due_at": due(wait)}
    observed = store().observe(prediction.id, run, changes | _cancelled(prediction, handle, now))
    return answer(observed or prediction, "Status", wait, parked_since=prediction)


def _look_afresh(prediction: Prediction, run: str, handle: Handle) -> dict[str, Any]:
    """An output could not be fetched: ask the provider once more where it is."""
    try:
        snapshot = provider(prediction.provider).fetch(handle)
    except ProviderError as error:
        return _nothing_learnt_afresh(prediction, run, error)
    if not snapshot.status.terminal:
        # A page, or half an answer: it had ended, so this says nothing.
        return _nothing_learnt_afresh(prediction, run, Retryable("a look that shows no end"))
    if snapshot.removed or snapshot.output is None:
        changes: dict[str, Any] = {"fresh_look": "gone"}
    else:
        changes = {"fresh_look": None, "gone_looks": 0, "result": _result(prediction, handle, snapshot)}
    return answer(store().refresh(prediction.id, run, changes) or prediction, "Finalize")


def _nothing_learnt_afresh(prediction: Prediction, run: str, error: ProviderError) -> dict[str, Any]:
    """One that says that it is gone may be wrong once, as while it ran."""
    measure(prediction, {Metric.LOOKS_WITHOUT_ANSWER: 1})
    left = clock.seconds_between(clock.stamp(), collect.collect_by(prediction))
    gone_looks = prediction.gone_looks + 1 if isinstance(error, Gone) else 0
    if left <= 0 or gone_looks >= GONE_LOOKS:
        return answer(store().refresh(prediction.id, run, {"fresh_look": "gone"}) or prediction, "Finalize")
    wait = polling.until(left, _trouble_wait(prediction, error))
    changes = {"troubles": prediction.troubles + 1, "gone_looks": gone_looks, "due_at": due(wait)}
    return answer(store().refresh(prediction.id, run, changes) or prediction, "Status", wait)


def _trouble_wait(prediction: Prediction, error: ProviderError) -> int:
    after = error.after if isinstance(error, Retryable) else None
    return polling.look_wait(provider(prediction.provider).polling, prediction.troubles + 1, after)


def _too_late(prediction: Prediction, now: str) -> Verdict | None:
    """The end of a run that went on after its deadline, its cancel and the grace that it had."""
    late = clock.seconds_between(prediction.deadline, now)
    return overdue(prediction, now) if late > GRACE_SECONDS and prediction.cancel_sent else None


def _let_go(prediction: Prediction, now: str, *, unstopped: bool) -> Verdict | None:
    """The end of what is to stop, at a provider that cannot be told, or knew nothing of it twice though it runs on."""
    asked = Verdict(Status.CANCELED, now) if prediction.cancel_requested else None
    if not provider(prediction.provider).cancels:
        return asked
    return (asked or overdue(prediction, now)) if unstopped and prediction.cancel_sent else None


def _gone(prediction: Prediction, error: Gone, now: str) -> Verdict:
    """Some providers know no more of what was cancelled."""
    if prediction.cancel_requested and prediction.cancel_sent:
        return Verdict(Status.CANCELED, now)
    return Verdict(Status.FAILED, now, error.code)


def _is_to_be_told(prediction: Prediction, now: str) -> bool:
    """Somebody asked for the end, or it is too late, and the provider was not told just now."""
    if not prediction.cancel_requested and now < prediction.deadline:
        return False
    sent = prediction.cancel_sent
    return sent is None or clock.seconds_between(sent, now) >= CANCEL_AGAIN_SECONDS


def _cancelled(prediction: Prediction, handle: Handle, now: str) -> dict[str, Any]:
    """Tell the provider to stop, if it is to be told."""
    if not _is_to_be_told(prediction, now):
        return {}
    stop.tell(prediction, handle)
    return {"cancel_sent": now}


def _next_wait(prediction: Prediction, wait: int) -> int:
    """Not past the deadline."""
    return polling.until(clock.seconds_between(clock.stamp(), prediction.deadline), wait)


def _expects_the_end(prediction: Prediction, now: str) -> bool:
    """Somebody just asked for it, and mostly the provider ends it at once."""
    asked = prediction.cancel_requested
    return asked is not None and clock.seconds_between(asked, now) < CANCEL_AGAIN_SECONDS


def _ending(
    prediction: Prediction, handle: Handle, ended: Verdict, snapshot: Snapshot, *, unstopped: bool
) -> dict[str, Any]:
    """What is kept of the last look: the output to store, or the provider's own words for the operator."""
    remarks = [snapshot.remark] if snapshot.remark else []
    if not snapshot.status.terminal and (unstopped or not provider(prediction.provider).cancels):
        remarks.append(Remark.NOT_STOPPED)
    found: dict[str, Any] = {"remarks": tuple(remarks)}
    if ended.status is Status.SUCCEEDED or snapshot.stored:
        found["result"] = _result(prediction, handle, snapshot)
        found["collect_by"] = clock.later(provider(prediction.provider).polling.collecting)
    if snapshot.error and ended.status is not Status.SUCCEEDED:
        logger.warning("it failed at the provider", code=ended.code, raw=redacted(snapshot.error))
        found["raw_error"] = documents.keep(prediction.id, "error", snapshot.error)
    return found


def _result(prediction: Prediction, handle: Handle, snapshot: Snapshot) -> Document:
    files = provider(prediction.provider).artifacts(handle, snapshot.output)
    keyed = {file.pointer: file.type for file in files if file.keyed}
    result = {"output": snapshot.output, "artifacts": [file.pointer for file in files]}
    return documents.keep(prediction.id, "result", result | ({"keyed": keyed} if keyed else {}))
