"""Of what a webhook is told, and when: all of it follows from the prediction."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from local.simulator import shapes
from local.simulator.prediction import Prediction

THROTTLE = 0.5
# Runs that never end do so after infinitely many seconds; no date is that far away.
NEVER = 1e9


@dataclass(frozen=True)
class Event:
    """Something that happens to a run, so many seconds after its creation."""

    name: str
    seconds: float


def events_of(prediction: Prediction) -> list[Event]:
    """What its webhook is told of, in order, as things stand: a cancel brings the end nearer."""
    wanted = prediction.request.webhook_events_filter
    return [event for event in _all(prediction) if event.seconds < NEVER and (wanted is None or event.name in wanted)]


def _all(prediction: Prediction) -> Iterator[Event]:
    begin, end = prediction.script.starting, prediction.end
    if begin < end:
        logs = [Event("logs", seconds) for seconds in _throttled(prediction.prints()) if seconds < end]
        outputs = [Event("output", seconds) for seconds in _outputs(prediction)]
        yield from sorted([Event("start", begin), *logs, *outputs], key=lambda event: event.seconds)
    yield Event("completed", end)


def _outputs(prediction: Prediction) -> Iterator[float]:
    """When to tell of the output: as it grows, and at the end if there is one then."""
    end = prediction.end
    whole = [end] if end == prediction.whole and prediction.output.tree is not None else []
    return (seconds for seconds in _throttled([*prediction.grows(), *whole]) if seconds < end or seconds in whole)


def _throttled(moments: Iterable[float]) -> Iterator[float]:
    """The moments at which to tell of changes: never sooner than 500 ms after each other."""
    told: float | None = None
    for moment in moments:
        if told is None or moment > told:
            told = moment if told is None else max(moment, told + THROTTLE)
            yield told


def body_of(prediction: Prediction, event: Event) -> dict[str, Any]:
    """The prediction at the event's moment; the output is told of before the end is in the books."""
    body = shapes.prediction_json(prediction, prediction.reached(event.seconds), prediction.request.url)
    return shapes.unbooked_json(body) if event.name == "output" else body


def lie_of(prediction: Prediction, event: Event) -> dict[str, Any]:
    """That it has succeeded, in a moment at which it goes on."""
    return shapes.ended_early_json(prediction, prediction.reached(event.seconds), prediction.request.url)
