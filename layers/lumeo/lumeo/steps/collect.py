"""Until when a result can be fetched from its provider."""

from lumeo import clock
from lumeo.prediction import Prediction
from lumeo.providers import provider


def collect_by(prediction: Prediction) -> str:
    """When the provider gives up what it made, counted from when we saw that it had ended."""
    window = provider(prediction.provider).polling.result_window
    return prediction.collect_by or clock.later(window, prediction.timeline["completed"])
