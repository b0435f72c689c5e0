"""Tells a provider to stop. Whether it did shows in the next look."""

from lumeo import documents
from lumeo.errors import ProviderError
from lumeo.prediction import Handle, Prediction
from lumeo.providers import provider
from lumeo.telemetry import logger


def tell(prediction: Prediction, handle: Handle) -> bool:
    """Whether the provider took it; status repeats what it did not."""
    try:
        provider(prediction.provider).cancel(handle)
    except ProviderError as error:
        logger.warning("the provider did not take the cancel", raw=documents.redacted(error.raw))
        return False
    return True
