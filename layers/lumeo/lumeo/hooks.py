"""The URL by which a provider calls us about one prediction: who knows it was told it by us."""

from lumeo import credentials, signatures
from lumeo.prediction import Prediction


def hook_prefix(prediction: Prediction) -> str:
    """What the URL begins with, whichever key made its token."""
    return f"{prediction.base_url}/v1/hooks/{prediction.provider}/{prediction.id}/"


def hook_url(prediction: Prediction) -> str:
    return hook_prefix(prediction) + signatures.hook_token(credentials.master(), prediction.provider, prediction.id)


def is_hook(provider: str, prediction_id: str, token: str) -> bool:
    """Whether a URL's parts are those of one that we gave."""
    return signatures.same(signatures.hook_token(credentials.master(), provider, prediction_id), token)
