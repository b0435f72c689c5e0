"""Tells a provider to stop. Whether it did shows in the next look."""

from lumeo.errors import Gone, ProviderError
from lumeo.prediction import Handle, Prediction
from lumeo.providers import provider
from lumeo.redaction import redacted
from lumeo.telemetry import count, logger


def tell(prediction: Prediction, handle: Handle) -> bool:
    """Whether the provider took it, does not know the run, or cannot be told; status repeats what it did not take."""
    upstream = provider(prediction.provider)
    if not upstream.cancels:
        logger.warning("it goes on at a provider that cannot be told to stop", upstream_id=handle.id)
        return True
    try:
        upstream.cancel(handle)
    except Gone:
        return True
    except ProviderError as error:
        logger.warning("the provider did not take the cancel", raw=redacted(error.raw))
        return False
    return True


def orphan(prediction: Prediction, handle: Handle) -> None:
    """End an upstream run that nobody will look at: it is paid for, and it should not happen."""
    logger.error("an orphan at the provider is cancelled", upstream_id=handle.id)
    count("Orphans", prediction.provider)
    tell(prediction, handle)
