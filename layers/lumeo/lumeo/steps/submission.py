"""What a provider is asked to run for a prediction."""

import math
from collections.abc import Mapping
from typing import Any

from lumeo import clock
from lumeo.prediction import Prediction
from lumeo.providers.base import Submission


def submission(
    prediction: Prediction, credential: str, given: Mapping[str, Any] | None = None, webhook: str | None = None
) -> Submission:
    """What is submitted by that account; `given`: the input, as the provider can read it."""
    return Submission(
        prediction=prediction.id,
        credential=credential,
        model=prediction.model,
        version=prediction.version,
        deployment=prediction.deployment,
        options=prediction.options,
        input=given or {},
        before=prediction.before,
        cancel_after=math.ceil(clock.seconds_between(clock.stamp(), prediction.deadline)),
        webhook=webhook,
    )
