"""When a running prediction is looked at next, by what is known of others of its model."""

from botocore.exceptions import BotoCoreError, ClientError

from lumeo import checking, clock, polling
from lumeo.experience import NOTHING, Experience, experiences, likely
from lumeo.polling import Expected
from lumeo.prediction import Handle, Prediction, Snapshot, Status
from lumeo.providers import provider
from lumeo.store import store
from lumeo.telemetry import logger

ENOUGH = 3
"""Predictions of a model that have to have ended before they say when to look."""
ROUND, WOKEN = 3, 1
"""Transitions that it takes to find an end by a look, and beside it by a webhook."""
ALMOST_ALL = 0.95
"""Of the webhooks that may come while a call is held, so many have when it is looked at."""
GLANCE_SECONDS = 0.1
"""While a call is held, the record is read so often: each time for a two-hundredth of a transition."""


def at_first(prediction: Prediction, *, called: bool) -> Expected | None:
    """When it is likely to end from its submission on, as others of its model did; None where too little is known.

    `called`: by a webhook.
    """
    others = _known(prediction)
    if others.run.n < ENOUGH:
        return None
    odds, elapsed = others.odds(0, None, starting=True)
    return Expected(odds, elapsed, others.lost if called else 1.0)


def expected(prediction: Prediction, handle: Handle, snapshot: Snapshot) -> Expected | None:
    """The same of what was last seen so: boots are not like runs, so that the clock starts anew in between."""
    others = _known(prediction)
    if others.run.n < ENOUGH:
        return None
    waited = max(0.0, clock.seconds_between(handle.at, clock.stamp()))
    ran = _ran(snapshot.upstream.started_at, handle)
    odds, elapsed = others.odds(waited, ran, starting=snapshot.status is Status.STARTING)
    return Expected(odds, elapsed, others.lost if is_called(prediction) else 1.0)


def wait(prediction: Prediction, looks: int, soon: Expected | None) -> int:
    """Whole seconds before the next look, after `looks` of them; not past the deadline."""
    policy = provider(prediction.provider).polling
    wanted = polling.learnt_wait(policy, soon) if soon else polling.wait(policy, looks, webhook=is_called(prediction))
    return polling.until(clock.seconds_between(clock.stamp(), prediction.deadline), wanted)


def hold(prediction: Prediction, soon: Expected | None, since: str | None = None) -> float | None:
    """Seconds after which to look within the same call, if that is cheaper than a wait; it holds `since` then."""
    if soon is None or provider(prediction.provider).polling.first > 1:
        return None
    held = clock.seconds_between(since, clock.stamp()) if since else 0.0
    return held_for(soon, held, called=is_called(prediction))


def held_for(soon: Expected, held: float, *, called: bool) -> float | None:
    """Where a webhook tells of the end, a look is for those that do not come."""
    if called:
        return checking.hold(soon.odds, soon.elapsed, held, WOKEN, ALMOST_ALL)
    return checking.hold(soon.odds, soon.elapsed, held, ROUND)


def sleep(prediction: Prediction, seconds: float) -> None:
    """Hold a call so long, or until a webhook or a cancel has come."""
    naps = max(1, round(seconds / GLANCE_SECONDS)) if is_called(prediction) else 1
    for nap in range(naps):
        if nap and _is_woken(prediction):
            return
        clock.sleep(seconds / naps)


def is_called(prediction: Prediction) -> bool:
    """Whether a webhook is expected: one that came while it ran was not that of the end."""
    return prediction.webhook and prediction.wakes == 0


def _is_woken(prediction: Prediction) -> bool:
    now = store().get(prediction.id)
    return now is None or now.wakes > prediction.wakes


def _ran(told: str | None, handle: Handle) -> float | None:
    """Seconds since it began to run, if the provider says when that was."""
    now = clock.stamp()
    started = likely(told, handle.at, now)
    return max(0.0, clock.seconds_between(started, now)) if started else None


def _known(prediction: Prediction) -> Experience:
    """What is known of its model."""
    try:
        return experiences().of(prediction)
    except (ClientError, BotoCoreError):
        logger.warning("what is known of the model cannot be read", exc_info=True)
        return NOTHING
