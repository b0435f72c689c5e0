"""What is measured of one law: ours against the optimum, and against what others do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from bench.laws import Law
from bench.looks import REPLICATE, transitions
from bench.optimum import Optimum
from bench.prices import TRANSITION
from bench.report import Figure, Goal, Table
from bench.schedules import OTHERS, Played, Schedule, learnt, mean, play, taught
from lumeo import polling

PRICES = (0.5, 2.0, 5.0)
FRONTIER = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
LEARNERS, FEW, TAUGHT, JUDGED = 10, 2, 50, 500
WITHIN = Goal("at most", 1.10)
FEWER: Mapping[str, Mapping[str, float]] = {
    "7 s": {"0.5 s doubling to 5 s": 0.5},
    "12 s, cold": {"0.5 s doubling to 5 s": 0.5},
    "150 s": {"0.5 s doubling to 5 s": 0.7, "1 s × 1.5 to 30 s": 0.5},
}
"""What our delay is to be, as a share of that of others, at as many looks."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """`lines`: delay against looks at several prices; `points`: that of the others."""

    figures: Sequence[Figure]
    table: Table
    lines: Mapping[str, Sequence[Played]]
    points: Mapping[str, Played]


def chapter(law: Law) -> Chapter:
    """Everything of one law."""
    points = {name: judged(make(), law) for name, make in OTHERS.items()}
    optimum = [judged(best(law, price), law) for price in FRONTIER]
    lines = {"optimum": optimum, "ours, after 50": [_ours(law, price) for price in FRONTIER]}
    figures = [_near(law, price) for price in PRICES]
    for peer, bound in FEWER.get(law.name, {}).items():
        theirs = points[peer]
        name = f"{law.name}: delay / that of {peer}, at {theirs.looks:.1f} looks"
        share = _with_looks(law, theirs.looks) / theirs.delay
        figures.append(Figure(name=name, value=share, goal=Goal("at most", bound)))
    return Chapter(figures, _side_by_side(law, points), lines, points)


@cache
def best(law: Law, price: float) -> Schedule:
    """The optimum."""
    optimum = Optimum(law, price)
    return lambda waited, ran, looks: optimum.wait(waited, ran, starting=looks == 0 or ran is None)


def judged(schedule: Schedule, law: Law) -> Played:
    """By the predictions that all meet."""
    return mean(play(schedule, *each) for each in _drawn(law))


@cache
def _drawn(law: Law) -> Sequence[tuple[int, float]]:
    random = Random(law.name)
    return [law.draw(random) for _ in range(JUDGED)]


def _near(law: Law, price: float) -> Figure:
    ours = mean(judged(schedule, law) for schedule in _learners(law, price, LEARNERS)).cost(price)
    ratio = ours / judged(best(law, price), law).cost(price)
    return Figure(name=f"{law.name}, a look is {price:g} s: cost / optimum", value=ratio, goal=WITHIN)


def _learners(law: Law, price: float, n: int) -> Iterator[Schedule]:
    return (learnt(taught(law, TAUGHT, Random(seed)), price) for seed in range(1, n + 1))


@cache
def _ours(law: Law, price: float) -> Played:
    return mean(judged(schedule, law) for schedule in _learners(law, price, FEW))


def _with_looks(law: Law, looks: float) -> float:
    """Our mean delay with so many looks: between the two prices that bring about as many."""
    low, high = 0.01, 20.0
    for _ in range(8):
        price = (low * high) ** 0.5
        low, high = (price, high) if _ours(law, price).looks > looks else (low, price)
    more, fewer = _ours(law, low), _ours(law, high)
    share = (more.looks - looks) / (more.looks - fewer.looks) if more.looks > fewer.looks else 0.0
    return more.delay + (fewer.delay - more.delay) * share


def beside(law: Law) -> list[Figure]:
    """The same of a law without a goal."""
    return [replace(_near(law, price), goal=None) for price in PRICES]


def _side_by_side(law: Law, points: Mapping[str, Played]) -> Table:
    price = polling.LOOK_PRICE * REPLICATE.first
    found = {"optimum": judged(best(law, price), law), "ours, after 50": _ours(law, price), **points}
    rows: list[list[str | float]] = [
        [name, one.looks, one.delay, one.cost(price), transitions(looks=one.looks), 1000 * _dollars(one)]
        for name, one in found.items()
    ]
    head = ["schedule", "looks", "delay (s)", f"cost at {price:g} s a look", "transitions", "$ of them, per 1,000"]
    return Table(caption=f"**{law.name}**, no webhook:", head=head, rows=rows)


def _dollars(played: Played) -> float:
    return transitions(looks=played.looks) * TRANSITION
