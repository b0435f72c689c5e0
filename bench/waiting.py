"""The learnt schedule against the optimum and against what others do, on durations whose law is known.

What was learnt is judged by predictions that it has not seen; every schedule meets the same ones.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from typing import Any

from bench.held import chapter as held_chapter
from bench.held import ways
from bench.laws import LAWS, OTHER_LAWS
from bench.report import Figure, Part, Plot, Say
from bench.waiting_changes import CASES, DRIFT, adapting, changed, drift, table, worst
from bench.waiting_laws import FEW, JUDGED, LEARNERS, PRICES, TAUGHT, WITHIN, beside, chapter
from bench.waiting_plots import draw_adapting, draw_frontiers
from lumeo import polling
from lumeo.histograms import SPREAD

METHOD = f"""
A prediction boots (one in ten of *12 s, cold*: lognormal, median 90 s, σ 0.4), shown as `starting`, then runs for a
lognormal time (σ 0.3; of *150 s* 0.45). *Drift* is {DRIFT} predictions whose median rises from 7 s to 60 s and falls
again; there ours learns as it goes, and the optimum knows the law of each moment, to a second or two.

A schedule is charged the seconds between the end and the look that finds it, and so many seconds (0.5, 2 or 5) for each
look. The *optimum* knows the law and is found by dynamic programming over whole seconds; it sees what a look sees.
*Ours* knows {TAUGHT} predictions that ended, drawn from the law: the mean of {LEARNERS} such learners ({FEW} for the
delay at equal looks, the plot and the tables), each judged by the same {JUDGED} predictions as the optimum. It is what
deploys, waits scattered by {polling.LEARNT_JITTER:.0%} included, at the price asked for; deployed, a look is priced at
{polling.LOOK_PRICE} s (times the provider's first wait). Durations that scatter less than these laws are known less
sharply than they are: buckets are a tenth wide, and a spread of {SPREAD} is assumed at first.

Of the others their schedules alone are played, in the same code, on the same predictions. The time that the network and
the functions take is left out for all. *Geometric* is what ours does where nothing is known (× 1.5 from 1 s to 5 s),
and × 1.5 to 30 s.
"""
CAPTIONS = {
    "frontiers.svg": "Mean delay against looks: ours lies on the optimum, at any price of a look",
    "adapting.svg": "Durations fall from 150 s to 30 s at once: what each prediction costs",
}


def measure(say: Say) -> Part:
    with ProcessPoolExecutor() as pool:
        # The longest first, so that no process has to wait for the others in the end.
        planned = {law: pool.submit(chapter, law) for law in reversed(LAWS)}
        holding = {law: pool.submit(ways, law) for law in reversed(LAWS)}
        series = pool.submit(adapting, PRICES[0])
        known = [pool.submit(beside, law) for law in OTHER_LAWS]
        drifting = [pool.submit(drift, price) for price in PRICES]
        changing = [pool.submit(changed, case) for case in CASES]
        _follow([*planned.values(), *holding.values(), series, *known, *drifting, *changing], say)
    chapters = {law: planned[law].result() for law in LAWS}
    held_figures, held_table = held_chapter({law: holding[law].result() for law in LAWS})
    ratios = [each.result() for each in changing]
    draw_adapting(series.result())
    draw_frontiers(chapters)
    drifts = [
        Figure(name=f"drift, a look is {price:g} s: cost / optimum", value=each.result(), goal=WITHIN)
        for price, each in zip(PRICES, drifting, strict=True)
    ]
    near = [figure for each in chapters.values() for figure in each.figures]
    others = [figure for each in known for figure in each.result()]
    return Part(
        title="Waiting",
        method=METHOD,
        figures=[*near, *drifts, *worst(ratios), *held_figures, *others],
        tables=[*(each.table for each in chapters.values()), table(ratios), held_table],
        plots=[Plot(file=file, caption=caption) for file, caption in CAPTIONS.items()],
    )


def _follow(tasks: Sequence[Future[Any]], say: Say) -> None:
    """Say how far they are, about every tenth of them."""
    for done, _ in enumerate(as_completed(tasks), 1):
        if done % (len(tasks) // 10) == 0 or done == len(tasks):
            say(f"{done} of {len(tasks)} schedules played")
