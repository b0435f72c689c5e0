"""Submit to the provider, once: the one place that can pay for a prediction."""

import math
import secrets
from typing import Any

from lumeo import clock, documents, polling
from lumeo.errors import Ambiguous, ErrorCode, ProviderError, Rejected, Retryable
from lumeo.prediction import Handle, Intent, Phase, Prediction, Snapshot, Status, Upstream, Verdict, overdue
from lumeo.providers import provider
from lumeo.providers.base import SUBMIT_SECONDS, Submission
from lumeo.steps import stop
from lumeo.steps.next import answer, current, end
from lumeo.store import due, store
from lumeo.telemetry import count, logger

INTENT_SECONDS = SUBMIT_SECONDS + 10
"""An intent holds for so long; the function has 40 s."""


def create(prediction_id: str, run: str) -> dict[str, Any]:
    """Bring a prediction to its provider; may be repeated at any point."""
    prediction = current(prediction_id, run)
    if prediction is None:
        return end(prediction_id)
    match prediction.phase:
        case Phase.SETTLED:
            return answer(prediction, "Finalize")
        case Phase.RUNNING:
            return answer(prediction, "Status")
        case Phase.SENDING:
            return _uncertain(prediction, run)
    now = clock.stamp()
    if prediction.cancel_requested:
        return _settle(prediction, run, Verdict(Status.CANCELED, now))
    if now >= prediction.deadline:
        return _settle(prediction, run, overdue(prediction, now))
    return _submit(prediction, run)


def _submit(prediction: Prediction, run: str) -> dict[str, Any]:
    upstream = provider(prediction.provider)
    submission = Submission(
        model=prediction.model,
        version=prediction.version,
        input=documents.value(prediction.input),
        cancel_after=math.ceil(clock.seconds_between(clock.stamp(), prediction.deadline)),
    )
    intent = Intent(secrets.token_hex(8), clock.stamp(), clock.later(INTENT_SECONDS))
    try:
        upstream.ready()
        if not _intended(prediction, run, intent):
            return answer(prediction, "Create")
        handle, snapshot = upstream.submit(submission)
    except Rejected as error:
        return _rejected(prediction, run, error)
    except Retryable as error:
        return _no_room(prediction, run, intent, error)
    except Ambiguous as error:
        logger.warning("it is not certain that the submission arrived", raw=documents.redacted(error.raw))
        return answer(prediction, "Create", INTENT_SECONDS)
    # Whatever becomes of the next write, the log knows what was paid for.
    logger.info("submitted", upstream_id=handle.id)
    return _own(prediction, run, handle, snapshot)


def _intended(prediction: Prediction, run: str, intent: Intent) -> bool:
    """Whether the record announces this submission. Raises Retryable when it could not end while the intent holds."""
    if store().intend(prediction.id, run, intent) is None:
        # A repeat by the SDK of a write that had arrived is refused too: what stands there may be ours.
        now = store().get(prediction.id)
        if now is None or now.run != run or now.phase is not Phase.SENDING or now.intent != intent:
            return False
    if clock.seconds_between(clock.stamp(), intent.not_after) < SUBMIT_SECONDS:
        raise Retryable("too slow to begin a submission that would end in time")
    return True


def _own(prediction: Prediction, run: str, handle: Handle, snapshot: Snapshot | None) -> dict[str, Any]:
    first = polling.wait(provider(prediction.provider).polling, 0)
    upstream = snapshot.upstream if snapshot else Upstream()
    owned = store().own(prediction, run, handle, upstream, due(first)) or store().get(prediction.id)
    if owned is None or owned.handle is None or owned.handle.id != handle.id:
        if store().owner(prediction.provider, handle.id) in {None, prediction.id}:
            # Given up while the provider answered: nobody would ever look at this run.
            logger.error("an orphan at the provider is cancelled", upstream_id=handle.id)
            count("Orphans", prediction.provider)
            stop.tell(prediction, handle)
        return answer(owned or prediction, "Create")
    if owned.cancel_requested and not owned.verdict and stop.tell(owned, handle):
        store().told(owned.id, clock.stamp())
    return answer(owned, "Status", first)


def _uncertain(prediction: Prediction, run: str) -> dict[str, Any]:
    """An earlier attempt may have arrived. Until that can be found out, it is not paid for twice."""
    intent = prediction.intent
    left = clock.seconds_between(clock.stamp(), intent.not_after) if intent else 0
    if left > 0:
        return answer(prediction, "Create", polling.until(left, INTENT_SECONDS))
    return _settle(prediction, run, Verdict(Status.FAILED, clock.stamp(), ErrorCode.SUBMISSION_UNCERTAIN))


def _no_room(prediction: Prediction, run: str, intent: Intent, error: Retryable) -> dict[str, Any]:
    """It surely did not arrive: take the intent back, and come again unless that would be too late."""
    logger.warning("not submitted yet", raw=documents.redacted(error.raw), throttled=error.throttled)
    count("Throttled" if error.throttled else "Unreachable", prediction.provider)
    troubles = prediction.troubles + 1
    wait = polling.trouble_wait(provider(prediction.provider).polling, troubles, error.after)
    if clock.later(wait) >= prediction.deadline:
        code = ErrorCode.PROVIDER_BUSY if error.throttled else ErrorCode.PROVIDER_UNAVAILABLE
        return _settle(prediction, run, Verdict(Status.FAILED, clock.stamp(), code), error)
    retracted = store().retract(prediction.id, run, intent, troubles, due(wait))
    # Whoever asked for the end meanwhile need not wait for room.
    wanted = retracted is None or retracted.cancel_requested is None
    return answer(retracted or prediction, "Create", wait if wanted else 1)


def _rejected(prediction: Prediction, run: str, error: Rejected) -> dict[str, Any]:
    logger.warning("the provider refused it", code=error.code, raw=documents.redacted(error.raw))
    return _settle(prediction, run, Verdict(Status.FAILED, clock.stamp(), error.code), error)


def _settle(prediction: Prediction, run: str, verdict: Verdict, error: ProviderError | None = None) -> dict[str, Any]:
    raw = {"raw_error": documents.keep(prediction.id, "error", error.raw)} if error else {}
    settled = store().settle(prediction, run, verdict, due(0), raw)
    return answer(settled, "Finalize") if settled else answer(prediction, "Create")
