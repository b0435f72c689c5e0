"""Plays many plans, and lets functions die at every call: `python -m tests.reliability.soak 10000 [--seed 1]`.

`--replay PLAN` plays one plan, as a failure prints it, and shows all that happens.
"""

import argparse
import sys
import time
from collections.abc import Iterator

from tests.reliability import interleavings
from tests.reliability.cores import spread
from tests.reliability.deaths import everywhere
from tests.reliability.drawing import draw
from tests.reliability.outcomes import Tally
from tests.reliability.plans import Plan
from tests.reliability.schedules import play
from tests.reliability.shrinking import shrunk

CHUNK = 10
"""Plans that a process plays before it reports."""
MOST_EXPLAINED = 5


def tally(seeds: range) -> Tally:
    """Play the plans of these seeds."""
    made = Tally()
    for seed in seeds:
        made.add(seed, play(draw(seed)))
    return made


def parallel(seeds: range) -> Iterator[Tally]:
    """The same on all cores: a tally for each part of the seeds, as they come."""
    return spread(tally, [seeds[begin : begin + CHUNK] for begin in range(0, len(seeds), CHUNK)])


def explained(plan: Plan) -> str:
    """A failing plan at its smallest: what is wrong, and how to play it again."""
    smallest = shrunk(plan, lambda smaller: bool(play(smaller).wrong))
    wrong = play(smallest).wrong or ["(it plays well now: something outlives a world)"]
    said = (
        f"seed {plan.seed} fails; the smallest plan that fails has {len(smallest.acts)} of its {len(plan.acts)} acts:"
    )
    return "\n".join(
        [said, *(f"  {line}" for line in wrong), f"python -m tests.reliability.soak --replay '{smallest}'"]
    )


def replay(plan: Plan) -> int:
    outcome = play(plan, traced=True)
    print(*outcome.trace, "", *outcome.wrong, sep="\n")
    return 1 if outcome.wrong else 0


def soak(seeds: range) -> int:
    begun, whole = time.monotonic(), Tally()
    for part in parallel(seeds):
        whole.merge(part)
        failed = f"failed: {sorted(whole.failed)}" if whole.failed else "none failed"
        seconds = time.monotonic() - begun
        print(f"\r{whole.plans} of {len(seeds)} played in {seconds:.0f} s, {failed}", end="", flush=True)
    print("", *whole.lines(), sep="\n")
    for seed in sorted(whole.failed)[:MOST_EXPLAINED]:
        print("", explained(draw(seed)), sep="\n", flush=True)
    return 1 if whole.failed else 0


def crash_everywhere() -> int:
    done = everywhere()
    print("", *done.lines(), *done.wrong, sep="\n")
    return 1 if done.wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.soak", description=__doc__)
    parser.add_argument("plans", type=int, nargs="?", default=1000, help="how many plans to play")
    parser.add_argument("--seed", type=int, default=0, help="the first plan's seed")
    parser.add_argument("--replay", type=Plan.parsed, help="play this one, and show its calls and its log")
    parser.add_argument(
        "--plans-only", action="store_true", help="leave out what follows: every crash, and every order of every pair"
    )
    asked = parser.parse_args()
    if asked.replay:
        return replay(asked.replay)
    failed = soak(range(asked.seed, asked.seed + asked.plans))
    return failed if asked.plans_only else failed | crash_everywhere() | interleavings.main([])


if __name__ == "__main__":
    sys.exit(main())
