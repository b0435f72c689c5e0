"""What Create learns of a model beside submitting to it, so that the next input can be checked without a call."""

from typing import Any

from lumeo.errors import ProviderError
from lumeo.models import is_name, models
from lumeo.prediction import Prediction, Snapshot, asked_of, is_hash
from lumeo.providers import provider
from lumeo.redaction import redacted
from lumeo.telemetry import logger

SECONDS = 3
"""Bounds the one call, since a submitted prediction waits for nothing."""


def learn(prediction: Prediction, snapshot: Snapshot | None) -> None:
    """Keep the schema of the version that was asked for; of a name, if what is known of it is older than an hour."""
    if not provider(prediction.provider).describes:
        return
    model, version = asked_of(prediction)
    model = model or (snapshot.upstream.model if snapshot else None)
    if not model or prediction.deployment or not is_name(model):
        return
    if version is None:
        known = models().at(prediction.provider, model)
        described = None if known and known.fresh else _described(prediction, model)
        if described:
            models().keep(prediction.provider, model, described)
    elif is_hash(version) and models().version(prediction.provider, version) is None:
        described = _described(prediction, f"{model}/versions/{version}")
        if described:
            models().keep_version(prediction.provider, model, described)


def _described(prediction: Prediction, path: str) -> dict[str, Any] | None:
    """What the provider says of it, unless it could not just now."""
    if models().was_in_vain(prediction.provider, path):
        return None
    try:
        return provider(prediction.provider).describe(path, SECONDS)
    except ProviderError as error:
        logger.info("nothing was learnt of a model", raw=redacted(error.raw))
        models().note_in_vain(prediction.provider, path)
        return None
