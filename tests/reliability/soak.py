"""Plays many plans on all cores: `python -m tests.reliability.soak 10000 [--seed 1]`, or `--replay PLAN` one of them."""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.reliability.drawing import draw
from tests.reliability.plans import Plan
from tests.reliability.schedules import play
from tests.reliability.shrinking import shrunk
from tests.reliability.tallies import Tally

CHUNK = 10
"""Plans that a process plays before it reports."""
MOST_EXPLAINED = 5


def tally(seeds: range) -> Tally:
    """Play the plans of these seeds."""
    made = Tally()
    for seed in seeds:
        made.add(seed, play(draw(seed)))
    return made


def parallel(seeds: range, processes: int | None = None) -> Iterator[Tally]:
    """The same on all cores: a tally for each part of the seeds, as they come."""
    chunks = [seeds[begin : begin + CHUNK] for begin in range(0, len(seeds), CHUNK)]
    with ProcessPoolExecutor(processes or os.cpu_count()) as pool:
        for done in as_completed([pool.submit(tally, chunk) for chunk in chunks]):
            yield done.result()


def explained(plan: Plan) -> str:
    """A failing plan at its smallest: what is wrong, and how to play it again."""
    smallest = shrunk(plan, lambda smaller: bool(play(smaller).wrong))
    wrong = play(smallest).wrong or ["(it plays well now: something outlives a world)"]
    lines = [f"seed {plan.seed} fails; the smallest plan that fails has {len(smallest.acts)} of its {len(plan.acts)} acts:"]
    lines += [f"  {line}" for line in wrong]
    return "\n".join([*lines, f"python -m tests.reliability.soak --replay '{smallest}'"])


def replay(plan: Plan) -> int:
    outcome = play(plan, traced=True)
    print(*outcome.trace, "", *outcome.wrong, sep="\n")
    return 1 if outcome.wrong else 0


def soak(seeds: range) -> int:
    begun, whole = time.monotonic(), Tally()
    for part in parallel(seeds):
        whole.merge(part)
        seconds = time.monotonic() - begun
        print(f"\r{whole.plans} of {len(seeds)}, {len(whole.failed)} failed, {seconds:.0f} s", end="", flush=True)
    print("", *whole.lines(), sep="\n")
    for seed in sorted(whole.failed)[:MOST_EXPLAINED]:
        print("", explained(draw(seed)), sep="\n", flush=True)
    return 1 if whole.failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.soak", description=__doc__)
    parser.add_argument("plans", type=int, nargs="?", default=1000, help="how many plans to play")
    parser.add_argument("--seed", type=int, default=0, help="the first plan's seed")
    parser.add_argument("--replay", type=Plan.parsed, help="play this one plan, and show every call and line of the log")
    asked = parser.parse_args()
    return replay(asked.replay) if asked.replay else soak(range(asked.seed, asked.seed + asked.plans))


if __name__ == "__main__":
    sys.exit(main())
