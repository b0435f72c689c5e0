"""Tell callers of their predictions, by the webhook that they gave: signed, and never in the way of a prediction."""

from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from lumeo import announcing, clock, credentials, settings, signatures
from lumeo.announcing import Event
from lumeo.errors import PrivatePeer
from lumeo.metrics import Metric, measure
from lumeo.prediction import Announced, Prediction
from lumeo.routes import as_json
from lumeo.sessions import Session
from lumeo.steps.next import answer, over
from lumeo.store import due, store
from lumeo.telemetry import about, logger
from lumeo.view import shown

ATTEMPT_SECONDS = 10
CONNECT_SECONDS = 4


def announce(prediction_id: str, run: str) -> dict[str, Any]:
    """Tell a caller of the end, and say when to try again if that was in vain."""
    about(prediction_id)
    prediction = store().get(prediction_id)
    left = over(prediction, prediction_id, run)
    if left["next"] != "Announce" or prediction is None:
        return left
    before = prediction.announced.get("completed")
    if before is None and prediction.output is not None and announcing.wants(prediction, "output"):
        # Once more, now with what it has become.
        said = _next(prediction.announced.get("output"), prediction.polls + 1)
        store().note(prediction_id, "output", _attempt(prediction, "output", said)[0])
    if not announcing.wants(prediction, "completed"):
        return over(store().stop_telling(prediction_id, run, None), prediction_id, run)
    said, after = _attempt(prediction, "completed", _next(before, 0))
    if announcing.is_over(said, clock.seconds_between(said.first_at, clock.stamp())):
        told = store().stop_telling(prediction_id, run, said)
        if told and said.delivered_at:
            logger.info("the caller was told", attempts=said.attempts)
        elif told:
            logger.warning("the caller could not be told", attempts=said.attempts, status=said.status, error=said.error)
            measure(told, {Metric.ANNOUNCEMENTS_GIVEN_UP: 1})
        return over(told, prediction_id, run)
    wait = announcing.wait(said.attempts, after)
    attempted = store().attempted(prediction_id, run, said, due(wait))
    return answer(attempted, "Announce", wait) if attempted else over(attempted, prediction_id, run)


def notify(prediction_id: str, event: Event, n: int) -> None:
    """Tell a caller, with one attempt, of the `n`th look that brought something new."""
    about(prediction_id)
    prediction = store().get(prediction_id)
    if prediction is None or not announcing.wants(prediction, event):
        return
    said = _next(prediction.announced.get(event), n)
    claimed = store().claim(prediction_id, event, said)
    if claimed:
        store().note(prediction_id, event, _attempt(claimed, event, said)[0])


def _next(before: Announced | None, n: int) -> Announced:
    """An attempt that begins now."""
    now = clock.stamp()
    return Announced(
        attempts=before.attempts + 1 if before else 1, first_at=before.first_at if before else now, last_at=now, n=n
    )


def _attempt(prediction: Prediction, event: Event, said: Announced) -> tuple[Announced, float | None]:
    """What came of an attempt, and the seconds that the receiver asked to be left alone for, if it did."""
    assert prediction.subscriber  # noqa: S101 (who has none wants to know of nothing)
    url = prediction.subscriber.url
    wrong = announcing.fault(url, settings.webhook_origins())
    if wrong:
        return replace(said, error="not_allowed"), None
    try:
        status, after = _post(url, prediction, announcing.message_id(prediction, event, said.n))
    except PrivatePeer:
        return replace(said, error="not_public"), None
    except (requests.RequestException, HTTPError, ValueError) as error:
        logger.info("a caller could not be told", announced=event, error=type(error).__name__)
        return replace(said, error=_word(error)), None
    delivered = 200 <= status < 300
    return replace(said, status=status, delivered_at=clock.stamp() if delivered else None), after


def _post(url: str, prediction: Prediction, message_id: str) -> tuple[int, float | None]:
    body = as_json(shown(prediction)).encode()
    stamp = str(int(clock.now().timestamp()))
    secret = signatures.caller_secret(credentials.master(), prediction.caller)
    headers = {
        "User-Agent": "lumeo",
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": signatures.sign(secret, message_id, stamp, body),
    }
    with Session(ATTEMPT_SECONDS) as session:
        session.public = not announcing.is_named(url, settings.webhook_origins())
        # What is said beside the status does not matter: it is not even read.
        with session.post(
            url,
            data=body,
            headers=headers,
            timeout=(CONNECT_SECONDS, ATTEMPT_SECONDS),
            allow_redirects=False,
            stream=True,
        ) as response:
            return response.status_code, _retry_after(response.headers.get("Retry-After", ""))


def _retry_after(said: str) -> float | None:
    """Seconds, as a number or as a date (RFC 9110, section 10.2.3)."""
    try:
        if said.isdecimal():
            return float(said)
        return max(0.0, (parsedate_to_datetime(said) - clock.now()).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _word(error: Exception) -> str:
    kinds = {requests.exceptions.SSLError: "tls", requests.exceptions.Timeout: "timeout"}
    return next((word for kind, word in kinds.items() if isinstance(error, kind)), "unreachable")
