"""What it saves to look a few times within one call, where the end is near, instead of letting go and coming back."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import cache
from random import Random

from bench.laws import Law
from bench.looks import BARE
from bench.prices import GB_SECOND, TRANSITION
from bench.report import Figure, Goal, Table
from bench.schedules import learnt, taught
from lumeo import polling
from lumeo.experience import Experience
from lumeo.polling import Expected
from lumeo.steps.pace import GLANCE_SECONDS, ROUND, WOKEN, held_for

DRAWN, TAUGHT = 250, 50
MEMORY_GB, LOOK = 0.5, 0.12
"""Gigabytes of the functions; seconds that a look takes."""


@dataclass(frozen=True, slots=True)
class Way:
    """Of one prediction, or the mean of many: transitions, looks, delay and seconds for which calls were held."""

    transitions: float
    looks: float
    delay: float
    seconds: float

    @property
    def dollars(self) -> float:
        """For a thousand: of transitions and functions."""
        return 1000 * (self.transitions * TRANSITION + (self.seconds + self.looks * LOOK) * MEMORY_GB * GB_SECOND)


WAYS = [(called, held) for called in (False, True) for held in (False, True)]


def ways(law: Law) -> list[Way]:
    """Without and with a webhook, each without and with looks in one call."""
    return [usual(law, called=called, held=held) for called, held in WAYS]


def chapter(found: Mapping[Law, Sequence[Way]]) -> tuple[list[Figure], Table]:
    """Of each law: transitions, looks, delay, and dollars of transitions and functions."""
    rows: list[list[str | float]] = [
        [law.name, _called(*case), *astuple(way), way.dollars]
        for law, each in found.items()
        for case, way in zip(WAYS, each, strict=True)
    ]
    bare, held, *_ = next(iter(found.values()))
    figures = [
        Figure(
            name="1 s, no webhook: dollars with looks in one call / without",
            value=held.dollars / bare.dollars,
            goal=Goal("at most", 1),
        )
    ]
    head = ["", "", "transitions", "looks", "delay (s)", "seconds held", "$ per 1,000"]
    caption = "Looks in one call (at most 3 s) after 50 predictions; dollars of transitions and of the time held"
    return figures, Table(caption=caption, head=head, rows=rows)


def _called(called: bool, held: bool) -> str:  # noqa: FBT001 (as WAYS has them)
    return ("webhook" if called else "no webhook") + (", held" if held else "")


def usual(law: Law, *, called: bool, held: bool) -> Way:
    """The mean of predictions of a known model; none of the webhooks is lost, nor do they take time."""
    known, random = _known(law), Random(2)
    each = [astuple(_one(known, *law.draw(random), called=called, held=held)) for _ in range(DRAWN)]
    return Way(*(sum(column) / len(each) for column in zip(*each, strict=True)))


@cache
def _known(law: Law) -> Experience:
    return taught(law, TAUGHT, Random(1))


def _one(known: Experience, boot: int, run: float, *, called: bool, held: bool) -> Way:
    wait = learnt(known, polling.LOOK_PRICE)
    at, end, looks, transitions, holding = 0.0, boot + run, 0, BARE, 0.0
    while True:
        since = at
        while held and (more := _hold(known, at, at - since, _ran(at, boot, looks), called=called)):
            if called and at + more > end:
                more = GLANCE_SECONDS * math.ceil((end - at) / GLANCE_SECONDS)
            at, looks, holding = at + more, looks + 1, holding + more
            if at >= end:
                return Way(transitions, looks, at - end, holding)
        if called:  # the insurance's looks are rare enough to be left out here
            return Way(transitions + WOKEN, looks + 1, 0.0, holding)
        at, looks, transitions = at + wait(at, _ran(at, boot, looks), looks), looks + 1, transitions + ROUND
        if at >= end:
            return Way(transitions, looks, at - end, holding)


def _ran(at: float, boot: int, looks: int) -> float | None:
    return at - boot if looks and at >= boot else None


def _hold(known: Experience, at: float, held: float, ran: float | None, *, called: bool) -> float | None:
    odds, elapsed = known.odds(at, ran, starting=ran is None)
    return held_for(Expected(odds, elapsed), held, called=called)
