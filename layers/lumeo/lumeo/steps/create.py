"""Submit to the provider, once: the one place that can pay for a prediction."""

import secrets
from dataclasses import replace
from typing import Any

from lumeo import artifacts, clock, credentials, documents, polling, runs
from lumeo.errors import Ambiguous, ErrorCode, Rejected, Retryable
from lumeo.file_urls import named
from lumeo.hooks import hook_url
from lumeo.metrics import Metric, measure
from lumeo.polling import Expected
from lumeo.prediction import Intent, Phase, Prediction, Status, Turn, Verdict, overdue
from lumeo.providers import provider
from lumeo.providers.base import SUBMIT_SECONDS, Submission
from lumeo.redaction import redacted
from lumeo.steps import pace, room
from lumeo.steps.close import close
from lumeo.steps.learn import learn
from lumeo.steps.next import answer, current
from lumeo.steps.own import Answered, own
from lumeo.steps.search import search
from lumeo.steps.settle import settle
from lumeo.steps.status import seen, status
from lumeo.steps.submission import submission
from lumeo.steps.tally import waited
from lumeo.store import due, store
from lumeo.telemetry import logger

INTENT_SECONDS = SUBMIT_SECONDS + 10
"""An intent holds for so long; the function has 40 s."""
PREPARING_SECONDS = 8
"""After steps before the submission that took longer, it is left to the next call."""
QUICK_SECONDS = 5
"""A submission that took longer has left no time to look in the same call."""
LOOK_SECONDS = 2
"""After so long it is first looked what became of a submission whose answer was lost."""


def create(prediction_id: str, run: str) -> dict[str, Any]:
    """Bring a prediction to its provider; may be repeated at any point."""
    prediction = current(prediction_id, run)
    if isinstance(prediction, dict):
        return prediction
    if runs.is_last(run):
        return close(prediction, run)
    if prediction.phase is Phase.SETTLED:
        return answer(prediction, "Finalize")
    if prediction.phase is Phase.RUNNING:
        return answer(prediction, "Status")
    if prediction.intent:
        return search(prediction, run, prediction.intent)
    now = clock.stamp()
    if prediction.cancel_requested:
        return settle(prediction, run, Verdict(Status.CANCELED, now))
    if now >= prediction.deadline:
        return settle(prediction, run, overdue(prediction, now))
    turn = room.wait_for_turn(prediction, run)
    return _submit(prediction, run, turn) if isinstance(turn, Turn) else turn


def _submit(prediction: Prediction, run: str, turn: Turn) -> dict[str, Any]:
    upstream = provider(prediction.provider)
    credential = credentials.name(prediction.provider, prediction.caller)
    intent: Intent | None = None
    try:
        prepared = _prepared(prediction, run, credential)
        if prepared is None:
            return answer(prediction, "Create")
        # Now, since nothing that takes time is to come between the provider's answer and the handle.
        soon = pace.at_first(prediction, called=prepared.webhook is not None)
        intent = Intent(secrets.token_hex(8), clock.stamp(), clock.later(INTENT_SECONDS), credential=credential)
        intended = _intended(prediction, run, intent, webhook=prepared.webhook is not None)
        if intended is None:
            return answer(prediction, "Create")
        prediction = intended
        first = pace.wait(prediction, 0, soon)
        _check_time(intent)
        handle, snapshot = upstream.submit(prepared)
    except Rejected as error:
        logger.warning("the provider refused it", code=error.code, raw=redacted(error.raw))
        return settle(prediction, run, Verdict(Status.FAILED, clock.stamp(), error.code), error)
    except Retryable as error:
        return _not_yet(prediction, run, intent, turn, error)
    except Ambiguous as error:
        logger.warning("it is not certain that the submission arrived", raw=redacted(error.raw))
        return answer(prediction, "Create", LOOK_SECONDS)
    # Whatever becomes of the next write, the log knows what was paid for.
    logger.info("submitted", upstream_id=handle.id)
    owned = own(prediction, run, handle, snapshot, Answered(intent, first))
    learn(prediction, snapshot)
    if upstream.finishes and snapshot is not None and snapshot.status.terminal:
        return seen(prediction.id, run, snapshot)
    held = _held(prediction, run, intent, soon) if owned["next"] == "Status" else None
    return held or owned


def _held(prediction: Prediction, run: str, intent: Intent, soon: Expected | None) -> dict[str, Any] | None:
    """What a look in the same call brings, of what hardly takes longer than a wait costs."""
    since = clock.stamp()
    hold = pace.hold(prediction, soon)
    if hold is None or clock.seconds_between(intent.at, since) > QUICK_SECONDS:
        return None
    pace.sleep(prediction, hold)
    return status(prediction.id, run, since)


def _prepared(prediction: Prediction, run: str, credential: str) -> Submission | None:
    """The submission, with all steps before it made; None where that took too long, or another run carries it on."""
    upstream, url = provider(prediction.provider), hook_url(prediction)
    upstream.ready(credential)
    webhook = url if upstream.calls_back(url, credential) else None
    given = _readable(prediction, documents.value(prediction.input))
    wanted, began = submission(prediction, credential, given, webhook), clock.stamp()
    while step := upstream.prepare(wanted):
        kept = store().prepare(prediction.id, run, *step)
        if kept is None or clock.seconds_between(began, clock.stamp()) > PREPARING_SECONDS:
            return None
        wanted = replace(wanted, before=kept.before)
    return wanted


def _readable(prediction: Prediction, given: Any) -> Any:
    """The input with URLs of our files that the provider can read in their places. Raises Rejected if one is gone."""
    wanted = named(given, prediction.base_url)
    if not wanted:
        return given
    # Most inputs name none: those load nothing that reads files.
    from lumeo.files import files, readable_url  # noqa: PLC0415

    readable = {}
    for pointer, file_id in wanted.items():
        file = files().get(file_id, prediction.caller)
        if file is None:
            raise Rejected(ErrorCode.INVALID_INPUT, f"the file {file_id}, which the input names, is gone")
        readable[pointer] = readable_url(file)
    return artifacts.replace(given, readable)


def _intended(prediction: Prediction, run: str, intent: Intent, *, webhook: bool) -> Prediction | None:
    """The prediction with this submission announced in it, or None if something else stands there."""
    intended = store().intend(prediction.id, run, intent, due(INTENT_SECONDS), webhook=webhook)
    if intended is None:
        # A repeat by the SDK of a write that had arrived is refused too: what stands there may be ours.
        intended = store().get(prediction.id)
        if intended is None or intended.run != run or intended.phase is not Phase.SENDING or intended.intent != intent:
            return None
    return intended


def _check_time(intent: Intent) -> None:
    """Raises Retryable when a submission could not end any more while its intent holds."""
    if clock.seconds_between(clock.stamp(), intent.not_after) < SUBMIT_SECONDS:
        raise Retryable("too slow to begin a submission that would end in time")


def _not_yet(prediction: Prediction, run: str, intent: Intent | None, turn: Turn, error: Retryable) -> dict[str, Any]:
    """It surely did not arrive: take the intent back, and come again unless that would be too late."""
    logger.warning("not submitted yet", raw=redacted(error.raw), throttled=error.throttled)
    troubles = prediction.troubles + 1
    policy = provider(prediction.provider).polling
    wait = polling.trouble_wait(policy, troubles, error.after)
    unreached = {Metric.UNREACHABLE: 1, Metric.WAITING_SECONDS: waited(prediction, clock.later(wait))}
    measure(prediction, {Metric.THROTTLED: 1} if error.throttled else unreached)
    if intent and prediction.phase is Phase.SENDING:
        retracted = store().retract(prediction.id, run, intent, troubles, due(wait))
        if retracted is None or retracted.cancel_requested:
            return answer(retracted or prediction, "Create")
        prediction = retracted
    if error.throttled:
        return room.refused(prediction, run, turn, polling.room_wait(policy, troubles, error.after), error)
    if clock.later(wait) >= prediction.deadline:
        return settle(prediction, run, Verdict(Status.FAILED, clock.stamp(), ErrorCode.PROVIDER_UNAVAILABLE), error)
    return answer(prediction, "Create", wait)
