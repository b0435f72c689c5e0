"""With webhooks: looks as an insurance, what a prediction is billed, and how soon its end is ours."""

from collections.abc import Iterator, Sequence
from functools import cache
from random import Random
from statistics import median

from bench.laws import LAWS, Law
from bench.looks import BARE, REPLICATE, ROUND
from bench.optimum import Optimum
from bench.report import Figure, Goal, Part, Say, Table
from bench.schedules import Played, Schedule, learnt, play, taught
from bench.webhooks_stack import Run, runs
from lumeo import polling

LOST = (0.01, 0.1)
"""Shares of webhooks that do not come."""
LEARNERS, TAUGHT, JUDGED = 4, 50, 300
PRICE = polling.LOOK_PRICE * REPLICATE.first
SECONDS, SLOW, RUNS = 1.0, 4.0, 10

METHOD = f"""
Looks are insurance then: the same schedule, with the delay weighted by the share of webhooks that do not come (measured
for each model, 1 % at least). It is judged as above, by the delay where a webhook was lost and {PRICE:g} s a look,
against the optimum that knows law and share. A prediction is billed {BARE} transitions, one for the wait that its
webhook ends, and {ROUND} for each look before; looks within one call are left out in this table.

From the provider's end to ours is measured on the local stack (one process, moto), by the times that provider and
record name: predictions of {SECONDS:g} s and of {SLOW:g} s, one after another, of a model of which {TAUGHT} are known,
each with one small picture.
"""


def measure(say: Say) -> Part:
    say("looks as an insurance")
    rows: list[list[str | float]] = []
    for law in LAWS:
        for lost in LOST:
            ours, best = _insured(law, lost)
            rows.append([law.name, f"{lost:.0%}", ours.looks, ours.delay, _billed(law, lost), ours.cost(PRICE) / best])
    say("predictions on the local stack")
    short, long = runs(SECONDS, RUNS), runs(SLOW, RUNS)
    head = ["", "webhooks lost", "looks in vain or for a lost one", "delay (s)", "transitions", "cost / optimum"]
    return Part(
        title="With webhooks",
        method=METHOD,
        figures=_measured(short, long),
        tables=[Table(caption="Each duration, after 50 predictions", head=head, rows=rows)],
    )


def _measured(short: Sequence[Run], long: Sequence[Run]) -> list[Figure]:
    soon = Goal("at most", 300)
    return [
        Figure(name=f"provider's end → ours, {SECONDS:g} s, median", value=_median(short), unit="ms", goal=soon),
        Figure(name=f"provider's end → ours, {SLOW:g} s, median", value=_median(long), unit="ms", goal=soon),
        Figure(
            name=f"transitions, {SECONDS:g} s: a look in the same call saw the end (mean of histories)",
            value=sum(run.transitions for run in short) / len(short),
            goal=Goal("at most", 7),
        ),
        Figure(
            name=f"transitions, {SLOW:g} s: a webhook ended the wait (mean of histories)",
            value=sum(run.transitions for run in long) / len(long),
            goal=Goal("at most", 7),
        ),
    ]


def _median(found: Sequence[Run]) -> float:
    return 1000 * median(run.delay for run in found)


def _insured(law: Law, lost: float) -> tuple[Played, float]:
    """Ours, and the cost of the optimum: means over lost webhooks and others."""
    best = Optimum(law, PRICE, lost)
    optimum = _mean(law, lost, lambda waited, ran, looks: best.wait(waited, ran, starting=not looks or ran is None))
    ours = [_mean(law, lost, schedule) for schedule in _learners(law, lost)]
    mean = Played(sum(one.delay for one in ours) / len(ours), sum(one.looks for one in ours) / len(ours))
    return mean, optimum.cost(PRICE)


@cache
def _learners(law: Law, lost: float) -> Sequence[Schedule]:
    return [learnt(taught(law, TAUGHT, Random(seed)), PRICE, lost) for seed in range(1, LEARNERS + 1)]


def _each(law: Law, schedule: Schedule) -> Iterator[Played]:
    random = Random(law.name)
    return (play(schedule, *law.draw(random)) for _ in range(JUDGED))


def _mean(law: Law, lost: float, schedule: Schedule) -> Played:
    """If its webhook is lost all looks are paid, and the delay; else all but the one that would have found the end."""
    each = list(_each(law, schedule))
    delay = lost * sum(one.delay for one in each) / len(each)
    return Played(delay, sum(one.looks - 1 + lost for one in each) / len(each))


def _billed(law: Law, lost: float) -> float:
    """Mean transitions: a webhook saves the last look, and costs the wait that it ends."""
    looks = [one.looks for schedule in _learners(law, lost) for one in _each(law, schedule)]
    rounds = sum(looks) / len(looks)
    return BARE + ROUND * (rounds - 1) + (1 - lost) + ROUND * lost
