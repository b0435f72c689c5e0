"""Room at a provider: everybody's turn, in the order in which they came, so that its rate limit is kept."""

import math
from typing import Any

from lumeo import clock, credentials
from lumeo.errors import ErrorCode, ProviderError
from lumeo.metrics import Metric, measure
from lumeo.prediction import Prediction, Status, Turn, Verdict
from lumeo.providers import provider
from lumeo.rates import clocks
from lumeo.steps.next import answer
from lumeo.steps.settle import settle
from lumeo.steps.tally import waited
from lumeo.store import due, store

HERE_SECONDS = 1.0
"""A turn as soon as that is waited for in the function: cheaper than two transitions."""


def wait_for_turn(prediction: Prediction, run: str) -> Turn | dict[str, Any]:
    """The turn of a prediction when it has come, or what to answer until then."""
    turn = _turn(prediction, prediction.room)
    if turn is None:
        return _busy(prediction, run)
    left = clock.seconds_between(clock.stamp(), turn.at)
    if left > HERE_SECONDS:
        return _queued(prediction, run, turn)
    if left > 0:
        clock.sleep(left)
    return turn


def refused(prediction: Prediction, run: str, had: Turn, seconds: float, error: ProviderError) -> dict[str, Any]:
    """The provider has no room for so long, for anybody: who was refused keeps the place that it had."""
    clocks().close(_name(prediction), provider(prediction.provider).room, seconds)
    turn = _turn(prediction, had)
    return _queued(prediction, run, turn) if turn else _busy(prediction, run, error)


def _turn(prediction: Prediction, had: Turn | None) -> Turn | None:
    """Its turn, booked now if it had none; None if it comes too late."""
    if had is None:
        return clocks().book(_name(prediction), provider(prediction.provider).room, prediction.deadline)
    turn = clocks().now(_name(prediction), had)
    return turn if turn.at < prediction.deadline else None


def _busy(prediction: Prediction, run: str, error: ProviderError | None = None) -> dict[str, Any]:
    """It would be too late when its turn comes."""
    return settle(prediction, run, Verdict(Status.FAILED, clock.stamp(), ErrorCode.PROVIDER_BUSY), error)


def _queued(prediction: Prediction, run: str, turn: Turn) -> dict[str, Any]:
    seconds = max(1, math.ceil(clock.seconds_between(clock.stamp(), turn.at)))
    queued = store().queue(prediction.id, run, turn, due(seconds))
    if queued:
        measure(queued, {Metric.WAITING_SECONDS: waited(queued, turn.at)})
    # Whoever asked for the end meanwhile need not wait for room.
    wanted = queued is not None and queued.cancel_requested is None
    return answer(queued or prediction, "Create", seconds if wanted else 1)


def _name(prediction: Prediction) -> str:
    """Each account of a provider has a limit of its own."""
    account = credentials.name(prediction.provider, prediction.caller)
    return f"room#{prediction.provider}" + ("" if account == credentials.DEFAULT else f"#{account}")
