"""With webhooks: looks as an insurance, what a prediction is billed, and how soon its end is ours."""

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from random import Random
from statistics import median

from bench.laws import LAWS, Law
from bench.looks import BARE, REPLICATE, ROUND
from bench.optimum import Optimum
from bench.report import Figure, Goal, Part, Say, Table
from bench.schedules import Played, Schedule, learnt, play, taught
from bench.webhooks_stack import Run, runs
from lumeo import polling
from lumeo.experience import TIME_TO_COME, Ended, Experience

LOST = (0.01, 0.1)
"""Shares of webhooks that do not come."""
FIRST, TAUGHT, JUDGED = 10, 200, 400
PRICE = polling.LOOK_PRICE * REPLICATE.first
SECONDS, SLOW, RUNS = 1.0, 4.0, 10

METHOD = f"""
Looks are insurance then: the same schedule, with the delay weighted by the share of webhooks that do not come, which is
learnt for each model (1 % at least) from {TAUGHT} predictions. It is judged as above, by the delay where a webhook was
lost and {PRICE:g} s a look, against the optimum that knows law and share. A prediction is billed {BARE} transitions,
one for the wait that its webhook ends, and {ROUND} for each look before; looks in one call are left out in this table.
Once looked at, a prediction is not waited for longer than so far (30 s at least), which the optimum does not mind.

From the provider's end to ours is measured on the local stack (one process, moto), by the times that provider and
record name: predictions of {SECONDS:g} s and of {SLOW:g} s, one every second, of a model of which 50 are known, each
with one small picture.
"""


def measure(say: Say) -> Part:
    say("looks as an insurance")
    with ProcessPoolExecutor() as pool:
        rows = list(pool.map(_row, *zip(*itertools.product(LAWS, LOST), strict=True)))
    say("predictions on the local stack")
    short, long = runs(SECONDS, RUNS), runs(SLOW, RUNS)
    head = ["", "webhooks lost", "share learnt", "looks in vain, or for a lost one", "delay (s)", "transitions"]
    head.append("cost / optimum")
    return Part(
        title="With webhooks",
        method=METHOD,
        figures=_measured(short, long),
        tables=[Table(caption=f"Each duration, after {TAUGHT} predictions:", head=head, rows=rows)],
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


def _row(law: Law, lost: float) -> list[str | float]:
    """Ours, with the share that it learnt, beside the optimum, which knows it."""
    best = Optimum(law, PRICE, lost)
    optimum = _mean(law, lost, lambda waited, ran, looks: best.wait(waited, ran, starting=not looks or ran is None))
    known = _taught(law, lost)
    ours = _mean(law, lost, learnt(known, PRICE, known.lost))
    # A webhook saves the last look, and costs the wait that it ends.
    billed = BARE + (1 - lost) + ROUND * ours.looks
    learnt_share = f"{known.lost:.1%}"
    return [
        law.name,
        f"{lost:.0%}",
        learnt_share,
        ours.looks,
        ours.delay,
        billed,
        ours.cost(PRICE) / optimum.cost(PRICE),
    ]


def _taught(law: Law, lost: float) -> Experience:
    """What predictions teach, one after another, whose webhooks come or do not."""
    random, known = Random(f"{law.name} {lost}"), taught(law, FIRST, Random(1))
    for _ in range(TAUGHT - FIRST):
        boot, run = law.draw(random)
        late = play(learnt(known, PRICE, known.lost), boot, run).delay
        heard = random.random() >= lost if late >= TIME_TO_COME else None
        known = known.learnt(Ended(float(boot), run, heard), "")
    return known


def _each(law: Law, schedule: Schedule) -> Iterator[Played]:
    random = Random(law.name)
    return (play(schedule, *law.draw(random)) for _ in range(JUDGED))


def _mean(law: Law, lost: float, schedule: Schedule) -> Played:
    """If its webhook is lost all looks are paid, and the delay; else all but the one that would have found the end."""
    each = list(_each(law, schedule))
    delay = lost * sum(one.delay for one in each) / len(each)
    return Played(delay, sum(one.looks - 1 + lost for one in each) / len(each))
