"""What it saves to look a few times within one call, where the end is near, instead of letting go and coming back."""

from random import Random

from bench.laws import LAWS, Law
from bench.looks import BARE
from bench.prices import GB_SECOND, TRANSITION
from bench.report import Figure, Goal, Table
from bench.schedules import learnt, taught
from lumeo import checking, polling
from lumeo.experience import Experience
from lumeo.steps.pace import ROUND, WOKEN

DRAWN, TAUGHT = 250, 50
MEMORY_GB, LOOK = 0.5, 0.12
"""Gigabytes of the functions; seconds that a look takes."""


def holding() -> tuple[list[Figure], Table]:
    """For each law, with and without: transitions, looks, delay, and dollars of transitions and functions."""
    rows: list[list[str | float]] = []
    found = {}
    for law in LAWS:
        known = taught(law, TAUGHT, Random(1))
        for called in (False, True):
            for held in (False, True):
                each = _mean(law, known, called=called, held=held)
                found[law.name, called, held] = each
                way = ("webhook" if called else "no webhook") + (", held" if held else "")
                rows.append([law.name, way, *each[:4], _dollars(each)])
    saved = _dollars(found["1 s", False, True]) / _dollars(found["1 s", False, False])
    figures = [
        Figure(name="1 s, no webhook: dollars with looks in one call / without", value=saved, goal=Goal("at most", 1))
    ]
    head = ["", "", "transitions", "looks", "delay (s)", "seconds held", "$ per 1,000"]
    caption = "Looks in one call (at most 3 s) after 50 predictions; dollars of transitions and of the time held"
    return figures, Table(caption=caption, head=head, rows=rows)


def _mean(law: Law, known: Experience, *, called: bool, held: bool) -> tuple[float, ...]:
    random = Random(2)
    each = [_one(known, *law.draw(random), called=called, held=held) for _ in range(DRAWN)]
    return tuple(sum(column) / len(each) for column in zip(*each, strict=True))


def _one(known: Experience, boot: int, run: float, *, called: bool, held: bool) -> tuple[float, ...]:
    """Transitions, looks, delay and seconds held of one prediction; its webhook, if it has one, is not lost."""
    wait = learnt(known, polling.LOOK_PRICE)
    at, end, looks, transitions, holding = 0.0, boot + run, 0, BARE, 0.0
    while True:
        since = at
        while held and (more := _hold(known, at, at - since, _ran(at, boot, looks), called=called)):
            at, looks, holding = at + more, looks + 1, holding + more
            if at >= end:
                return transitions, looks, at - end, holding
        if called:  # the insurance's looks are rare enough to be left out here
            return transitions + WOKEN, looks + 1, 0.0, holding
        at, looks, transitions = at + wait(at, _ran(at, boot, looks), looks), looks + 1, transitions + ROUND
        if at >= end:
            return transitions, looks, at - end, holding


def _ran(at: float, boot: int, looks: int) -> float | None:
    return at - boot if looks and at >= boot else None


def _hold(known: Experience, at: float, held: float, ran: float | None, *, called: bool) -> float | None:
    odds, elapsed = known.odds(at, ran, starting=ran is None)
    return checking.hold(odds, elapsed, held, WOKEN if called else ROUND)


def _dollars(each: tuple[float, ...]) -> float:
    transitions, looks, _, holding = each[:4]
    return 1000 * (transitions * TRANSITION + (holding + looks * LOOK) * MEMORY_GB * GB_SECOND)
