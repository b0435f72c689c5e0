"""The learnt schedule against the optimum and against what others do, on durations whose law is known.

What was learnt is judged by predictions that it has not seen; every schedule meets the same ones.
"""

from concurrent.futures import ProcessPoolExecutor

from bench.held import holding
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
        say("ours after 50 predictions, the optimum, and the others")
        chapters = dict(zip(LAWS, pool.map(chapter, LAWS), strict=True))
        others = [figure for each in pool.map(beside, OTHER_LAWS) for figure in each]
        say("while durations drift")
        drifts = list(pool.map(drift, PRICES))
        say("from nothing, and after a change")
        ratios = list(pool.map(changed, CASES))
        say("looks within one call")
        held = pool.submit(holding)
        draw_adapting(pool.submit(adapting, PRICES[0]).result())
        held_figures, held_table = held.result()
    draw_frontiers(chapters)
    drifting = [
        Figure(name=f"drift, a look is {price:g} s: cost / optimum", value=value, goal=WITHIN)
        for price, value in zip(PRICES, drifts, strict=True)
    ]
    near = [figure for each in chapters.values() for figure in each.figures]
    return Part(
        title="Waiting",
        method=METHOD,
        figures=[*near, *drifting, *worst(ratios), *held_figures, *others],
        tables=[*(each.table for each in chapters.values()), table(ratios), held_table],
        plots=[Plot(file=file, caption=caption) for file, caption in CAPTIONS.items()],
    )
