"""Finds out what became of a submission that may have arrived. Until that is known, nothing is paid for again."""

from typing import Any

from lumeo import clock, polling
from lumeo.errors import Ambiguous, ErrorCode, ProviderError, Retryable
from lumeo.prediction import Intent, Prediction, Status, Verdict
from lumeo.providers import provider
from lumeo.redaction import redacted
from lumeo.steps import stop
from lumeo.steps.find import candidates
from lumeo.steps.next import answer
from lumeo.steps.own import own
from lumeo.steps.settle import settle
from lumeo.store import due, store
from lumeo.telemetry import logger

AGAIN_SECONDS = 10
"""Two looks so far apart must find nothing before a submission is taken for absent."""
AWAITED_SECONDS = 600
"""So long after its time a submission that cannot be looked for is expected to be named by its webhook."""
GRACE_SECONDS = 60
"""After the deadline: so long for a provider that cannot be asked."""


def search(prediction: Prediction, run: str, intent: Intent) -> dict[str, Any]:
    """Adopt what the intent's submission became, or go back to before it when it surely did not arrive."""
    now = clock.stamp()
    try:
        found = candidates(prediction, intent)
        # What was proposed is only believed once the provider shows it.
        snapshot = provider(prediction.provider).fetch(found[0]) if prediction.proposed else None
        if snapshot and snapshot.unknown:
            raise Retryable(f"what was proposed is not shown: {snapshot.upstream.status}")
    except Ambiguous as error:
        # Where nothing can be asked, a webhook may still name it.
        patience = AWAITED_SECONDS if prediction.webhook and not prediction.proposed else 0
        until = min(clock.later(patience, intent.not_after), max(prediction.deadline, intent.not_after))
        left = clock.seconds_between(now, until)
        if left > 0:
            return answer(prediction, "Create", polling.search_wait(clock.seconds_between(intent.at, now), left))
        return settle(prediction, run, Verdict(Status.FAILED, now, ErrorCode.SUBMISSION_UNCERTAIN), error)
    except ProviderError as error:
        logger.warning("it could not be found out whether the submission arrived", raw=redacted(error.raw))
        if clock.seconds_between(prediction.deadline, now) > GRACE_SECONDS:
            return settle(prediction, run, Verdict(Status.FAILED, now, ErrorCode.SUBMISSION_UNCERTAIN), error)
        return answer(prediction, "Create", AGAIN_SECONDS)
    if not found:
        return _missed(prediction, run, intent, now)
    logger.warning("a submission whose answer was lost is adopted", upstream_id=found[0].id, found=len(found))
    for handle in found[1:]:
        stop.orphan(prediction, handle.id, handle.credential)
    return own(prediction, run, found[0], snapshot)


def _missed(prediction: Prediction, run: str, intent: Intent, now: str) -> dict[str, Any]:
    """Nothing was found by a look that began at `now`: sooner or later that says that there is nothing."""
    listed = clock.later(provider(prediction.provider).listing, intent.not_after)
    if now < listed:
        elapsed, left = clock.seconds_between(intent.at, now), clock.seconds_between(now, listed)
        return answer(prediction, "Create", polling.search_wait(elapsed, left))
    if intent.absent_at is None:
        store().miss(prediction.id, run, intent, now)
        return answer(prediction, "Create", AGAIN_SECONDS)
    left = AGAIN_SECONDS - clock.seconds_between(intent.absent_at, now)
    if left > 0:
        return answer(prediction, "Create", polling.until(left, AGAIN_SECONDS))
    logger.warning("the submission did not arrive", attempt=intent.attempt)
    if prediction.cancel_requested:
        return settle(prediction, run, Verdict(Status.CANCELED, now))
    return answer(store().retract(prediction.id, run, intent, 0, due(0)) or prediction, "Create")
