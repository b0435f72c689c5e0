"""Until when it is tried to fetch a result from its provider."""

from lumeo import clock
from lumeo.prediction import Prediction
from lumeo.providers import provider


def collect_by(prediction: Prediction) -> str:
    """When the provider, or we, give up what it made, counted from when we saw that it had ended."""
    seconds = provider(prediction.provider).polling.collecting
    return prediction.collect_by or clock.later(seconds, prediction.timeline["completed"])
