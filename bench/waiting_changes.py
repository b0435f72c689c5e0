"""What learning is worth from the first prediction on, while durations drift, and when they change at once."""

from collections.abc import Iterable
from functools import cache
from itertools import chain
from random import Random

from bench.laws import LAWS, Law, drifting
from bench.report import Figure, Table
from bench.schedules import OTHERS, Played, mean, online, play, taught
from bench.waiting_laws import PRICES, TAUGHT, WITHIN, best, judged

CHANGES = {"nothing known": None, "durations 5 × at once": 5.0, "durations ÷ 5 at once": 0.2}
CASES = [(told, law, price) for told in CHANGES for law in LAWS for price in PRICES]
GEOMETRIC = ("1 s × 1.5 to 5 s (ours, unlearnt)", "1 s × 1.5 to 30 s")
SEEDS = (101, 102, 103)
DRIFT = 400
BEFORE, AFTER, SERIES = 10, 30, 6


def drift(price: float) -> float:
    """Ours, learning as it goes, against the optimum that knows each moment's law; after the first fifty."""
    laws, random, again = drifting(DRIFT), Random(3), Random(3)
    ours = mean(online(laws, price, random)[TAUGHT:])
    optimum = [play(best(_rounded(law), price), *law.draw(again)) for law in laws][TAUGHT:]
    return ours.cost(price) / mean(optimum).cost(price)


def _rounded(law: Law) -> Law:
    """One of few laws, so that not every moment needs an optimum of its own."""
    return Law(law.name, round(law.median) if law.median < 15 else 2 * round(law.median / 2), law.sigma)


def changed(case: tuple[str, Law, float]) -> list[float]:
    """Our mean cost of 50 predictions, learning as they end, as a share of that of both geometric schedules."""
    told, law, price = case
    factor = CHANGES[told]
    now, known = law.times(factor or 1), TAUGHT if factor else 0
    series = [online([now] * TAUGHT, price, Random(seed), taught(law, known, Random(-seed))) for seed in SEEDS]
    ours = mean(chain(*series)).cost(price)
    return [ours / _geometric(now, peer).cost(price) for peer in GEOMETRIC]


@cache
def _geometric(law: Law, peer: str) -> Played:
    return mean(play(OTHERS[peer](), *law.draw(random)) for random in map(Random, SEEDS) for _ in range(TAUGHT))


def worst(ratios: Iterable[list[float]]) -> list[Figure]:
    """Of each kind of change."""
    found: dict[str, float] = {}
    for (told, _, _), each in zip(CASES, ratios, strict=True):
        found[told] = max(found.get(told, 0), *each)
    name = "worst of {}: mean cost of 50 / geometric"
    return [Figure(name=name.format(told), value=value, goal=WITHIN) for told, value in found.items()]


def table(ratios: Iterable[list[float]]) -> Table:
    cases = zip(CASES, ratios, strict=True)
    rows: list[list[str | float]] = [[told, law.name, price, *each] for (told, law, price), each in cases]
    return Table(
        caption="Mean cost of 50 predictions, learning as they end, as a share of a geometric schedule's:",
        head=["", "before", "a look is (s)", "/ × 1.5 to 5 s", "/ × 1.5 to 30 s"],
        rows=rows,
    )


def adapting(price: float) -> dict[str, list[float]]:
    """The cost of each prediction around a change, as a mean of several series."""
    slow, fast = LAWS[3], LAWS[3].times(0.2)
    laws = [slow] * BEFORE + [fast] * AFTER
    ours = [online(laws, price, Random(seed), taught(slow, TAUGHT, Random(-seed))) for seed in range(1, SERIES + 1)]
    levels = {
        "optimum": {law: judged(best(law, price), law).cost(price) for law in (slow, fast)},
        "× 1.5 to 5 s": {law: judged(OTHERS[GEOMETRIC[0]](), law).cost(price) for law in (slow, fast)},
    }
    found = {name: [level[law] for law in laws] for name, level in levels.items()}
    return {**found, "ours": [mean(one[n] for one in ours).cost(price) for n in range(len(laws))]}
