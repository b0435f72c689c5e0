"""Tells a provider to stop. Whether it did shows in the next look."""

from lumeo.errors import Ambiguous, Gone, ProviderError
from lumeo.metrics import Metric, measure
from lumeo.prediction import Handle, Prediction
from lumeo.providers import provider
from lumeo.redaction import redacted
from lumeo.steps.submission import submission
from lumeo.telemetry import logger


def tell(prediction: Prediction, handle: Handle) -> bool:
    """Whether the provider took it, does not know the run, or cannot be told; status repeats what it did not take."""
    return _told(prediction, handle) is not False


def unheard(prediction: Prediction, handle: Handle) -> bool:
    """Tell it again; whether it knows no such thing, though the run has just been seen."""
    return _told(prediction, handle) is None


def _told(prediction: Prediction, handle: Handle) -> bool | None:
    """None where there is nobody to tell."""
    upstream = provider(prediction.provider)
    if not upstream.cancels:
        logger.warning("it goes on at a provider that cannot be told to stop", upstream_id=handle.id)
        return None
    try:
        upstream.cancel(handle)
    except Gone:
        return None
    except ProviderError as error:
        logger.warning("the provider did not take the cancel", raw=redacted(error.raw))
        return False
    return True


def orphan(prediction: Prediction, upstream_id: str, credential: str) -> None:
    """End an upstream run that nobody will look at: it is paid for, and it should not happen."""
    measure(prediction, {Metric.ORPHANS: 1}, upstream_id=upstream_id)
    try:
        handle = provider(prediction.provider).adopt(upstream_id, submission(prediction, credential))
    except Ambiguous as error:
        logger.error("an orphan at the provider cannot be cancelled", upstream_id=upstream_id, raw=redacted(error.raw))
        return
    took = tell(prediction, handle)
    logger.error("an orphan at the provider", upstream_id=upstream_id, told_to_stop=took)
