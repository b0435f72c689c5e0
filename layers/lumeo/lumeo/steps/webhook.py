"""A provider calls: verified, it is a reason to look, and never more than that."""

from collections.abc import Mapping

from lumeo import credentials, runs
from lumeo.errors import ApiError, Forged, ProviderError
from lumeo.hooks import is_hook
from lumeo.metrics import Metric, measure
from lumeo.prediction import Phase, Prediction, Status, WakeUp
from lumeo.providers import is_known, provider
from lumeo.providers.base import WebhookCall
from lumeo.redaction import redacted
from lumeo.steps import look, notices, stop
from lumeo.store import store
from lumeo.telemetry import about, logger


def webhook(provider_name: str, prediction_id: str, token: str, headers: Mapping[str, str], body: bytes) -> None:
    """Take note of a call. `headers` by their names in lower case; `body` as the bytes that came.

    Raises ApiError: 404 for a URL that is none of ours, 401 for a signature that does not hold, 503 while it cannot be
    verified.
    """
    if not is_known(provider_name) or not is_hook(provider_name, prediction_id, token):
        raise ApiError(404, "Not found", "There is no such webhook.")
    about(prediction_id)
    prediction = store().get(prediction_id)
    credential = _credential(prediction) if prediction else credentials.DEFAULT
    try:
        said = provider(provider_name).webhook(WebhookCall(headers, body, prediction_id, credential))
    except Forged as error:
        measure(prediction or provider_name, {Metric.FORGED_WEBHOOKS: 1})
        logger.warning("a webhook was not believed", reason=error.raw)
        raise ApiError(401, "Unauthenticated", "The webhook's signature does not hold.") from error
    except ProviderError as error:
        logger.warning("a webhook could not be verified", raw=redacted(error.raw))
        raise ApiError(503, "Service unavailable", "The webhook cannot be verified now.", retry_after=5) from error
    logger.info("a webhook", upstream_id=said.upstream_id, says=said.snapshot.status)
    if prediction:
        _note(prediction, said)


def _credential(prediction: Prediction) -> str:
    """The account that it was submitted by."""
    if prediction.handle:
        return prediction.handle.credential
    return prediction.intent.credential if prediction.intent else credentials.DEFAULT


def _note(prediction: Prediction, said: WakeUp) -> None:
    ended = said.snapshot.status.terminal
    if prediction.phase is Phase.SENDING and store().propose(prediction.id, said.upstream_id, ended=ended):
        return
    # What create wrote while this was read counts.
    now = store().get(prediction.id) if prediction.phase is Phase.SENDING else prediction
    if now is None:
        return
    if now.handle is None or now.handle.id != said.upstream_id:
        _unknown(now, said)
    elif ended:
        woken = store().wake(now.id)
        runs.wake(woken.task_token if woken else None)
    elif said.snapshot.status is Status.PROCESSING and not said.snapshot.unknown:
        advanced = store().advance(now.id, look.moment(said.snapshot.upstream.started_at))
        if advanced:
            notices.send(now, advanced)


def _unknown(prediction: Prediction, said: WakeUp) -> None:
    """It was submitted with our URL, but it is not the run that the record knows."""
    if said.snapshot.status.terminal:
        measure(prediction, {Metric.ORPHANS: 1}, upstream_id=said.upstream_id)
        logger.error("an orphan at the provider has ended", upstream_id=said.upstream_id)
        return
    stop.orphan(prediction, said.upstream_id, _credential(prediction))
