"""The last run: several have failed before it, so it tries nothing any more but to leave nothing behind."""

from typing import Any

from lumeo import clock
from lumeo.errors import Ambiguous, ErrorCode, ProviderError
from lumeo.prediction import Handle, Phase, Prediction, Status, Verdict
from lumeo.redaction import redacted
from lumeo.steps import stop
from lumeo.steps.find import candidates
from lumeo.steps.next import answer, over
from lumeo.steps.settle import settle
from lumeo.steps.tally import tally
from lumeo.store import store
from lumeo.telemetry import logger

AGAIN_SECONDS = 30


def close(prediction: Prediction, run: str) -> dict[str, Any]:
    """Stop what runs at the provider, and end the prediction as interrupted."""
    if prediction.verdict:
        return _finish(prediction, run, prediction.verdict)
    now = clock.stamp()
    # At the deadline the provider ends by itself what it could not be told to.
    if not _stopped(prediction) and now < prediction.deadline:
        return answer(prediction, "Create", AGAIN_SECONDS)
    logger.error("interrupted: its runs failed", run=run)
    interrupted = Verdict(Status.FAILED, now, ErrorCode.INTERRUPTED)
    return settle(prediction, run, Verdict(Status.CANCELED, now) if prediction.cancel_requested else interrupted)


def _finish(prediction: Prediction, run: str, verdict: Verdict) -> dict[str, Any]:
    """Say the end here: Finalize may be what fails."""
    if verdict.status is Status.SUCCEEDED:
        logger.error("interrupted: its outputs could not be stored", run=run)
        verdict = Verdict(Status.FAILED, verdict.at, ErrorCode.INTERRUPTED)
    finished = store().finish(prediction, run, verdict.status, verdict.code, None)
    if finished:
        tally(finished)
    return over(finished, prediction.id, run)


def _stopped(prediction: Prediction) -> bool:
    """Whether nothing of it runs at the provider, as far as can be told."""
    try:
        handles = _handles(prediction)
    except Ambiguous as error:
        logger.error("what it became cannot be told", raw=redacted(error.raw))
        return True
    except ProviderError as error:
        logger.warning("what it became could not be found out", raw=redacted(error.raw))
        return False
    told = [stop.tell(prediction, handle) for handle in handles]
    return all(told)


def _handles(prediction: Prediction) -> list[Handle]:
    if prediction.handle:
        return [prediction.handle]
    sending = prediction.phase is Phase.SENDING and prediction.intent
    return candidates(prediction, sending) if sending else []
