"""When to look at something that ends nobody knows when, so that delay and looks together cost least. Pure.

A look costs `price` seconds of delay. Keller ("Optimum Checking Schedules for Systems Subject to Random Failure",
Management Science 21(3), 1974) gives the best density of looks, √(hazard / 2 price), for waits that are short against
the durations. Ours are whole seconds and few, so that the best sequence is found by dynamic programming instead.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from lumeo.histograms import edges

DENSE = 30
"""So many of the next seconds are each a moment to look; later ones grow by a twentieth."""
COARSER = 1.05
HOLD_SECONDS = 3.0
"""So long at most a function waits itself."""
GRAIN = 0.25
"""Seconds between two looks of a function that waits itself, at least."""
TRANSITION_SECONDS = 3.75
"""A function of 512 MB runs for so long for the price of a transition: $0.000025, and $0.0000133334 a GB-second."""
OVER = 0.01
"""What is left of the probability when the sequence is not planned any further."""


@dataclass(frozen=True, slots=True)
class Odds:
    """How likely something is to have ended: `ended[n]` by `moments[n]` seconds; `waited[n]`: the integral of that."""

    moments: Sequence[float]
    ended: Sequence[float]
    waited: Sequence[float]

    @staticmethod
    def of(density: Sequence[float]) -> "Odds":
        """From the probability of each bucket of a histogram; what they sum up to is taken for all."""
        moments, whole = edges(), math.fsum(density)
        ended = [0.0, *accumulate(part / whole for part in density)]
        areas = [(b - a) * (p + q) / 2 for (a, b), (p, q) in zip(pairwise(moments), pairwise(ended), strict=True)]
        return Odds(moments, ended, [0.0, *accumulate(areas)])

    def at(self, seconds: float) -> tuple[float, float]:
        """The probability of having ended by then, and its integral until then."""
        if seconds <= self.moments[0]:
            return 0.0, 0.0
        if seconds >= self.moments[-1]:
            return self.ended[-1], self.waited[-1] + (seconds - self.moments[-1]) * self.ended[-1]
        n = bisect_right(self.moments, seconds) - 1
        into = (seconds - self.moments[n]) / (self.moments[n + 1] - self.moments[n])
        ended = self.ended[n] + (self.ended[n + 1] - self.ended[n]) * into
        return ended, self.waited[n] + (seconds - self.moments[n]) * (self.ended[n] + ended) / 2


def next_look(odds: Odds, elapsed: float, price: float, *, lost: float = 1.0, longest: float = math.inf) -> int:
    """Whole seconds until the best next look, after `elapsed` seconds in which it did not end.

    `lost`: the share of ends that only a look finds; of all others something else tells at once.
    """
    moments = _moments(odds, elapsed)
    if len(moments) == 1:
        return _tail(elapsed, price / lost, odds.moments[-1], longest)
    known = [odds.at(elapsed + moment) for moment in moments]
    alive = [1 - ended for ended, _ in known]
    costs, best = [0.0] * len(moments), [0] * len(moments)
    costs[-1] = alive[-1] * 2 * math.sqrt(2 * price * lost * (elapsed + moments[-1]))
    for at in range(len(moments) - 2, -1, -1):
        (ended, waited), costs[at] = known[at], math.inf
        for to in range(at + 1, len(moments)):
            ahead = moments[to] - moments[at]
            delay = lost * (known[to][1] - waited - ended * ahead)
            if delay >= costs[at] or (ahead > longest and to > at + 1):
                break
            cost = delay + price * (alive[to] + lost * (alive[at] - alive[to])) + costs[to]
            if cost < costs[at]:
                costs[at], best[at] = cost, to
    return max(1, math.floor(min(longest, moments[best[0]])))


def hold(odds: Odds, elapsed: float, held: float, saved: int, part: float = 1 / 3) -> float | None:
    """Seconds after which to look again without letting go of the function, or None where a wait is cheaper.

    `held`: seconds for which it was held already; `saved`: the transitions that an end seen meanwhile saves. The next
    look is where that part of what may end until then has ended: equal conditional probabilities are nearly best
    (Munford and Shahani, "A nearly optimal inspection policy", 1972).
    """
    left = HOLD_SECONDS - held
    ended, waited = odds.at(elapsed)
    if left < GRAIN or 1 - ended <= OVER:
        return None
    later = odds.at(elapsed + left)
    likely = (later[0] - ended) / (1 - ended)
    busy = left - (later[1] - waited - ended * left) / (1 - ended)
    if likely * saved * TRANSITION_SECONDS < busy:
        return None
    steps = (GRAIN * n for n in range(1, int(left / GRAIN) + 1))
    enough = ended + part * likely * (1 - ended)
    return next((step for step in steps if odds.at(elapsed + step)[0] >= enough), left)


def _tail(elapsed: float, price: float, end: float, longest: float) -> int:
    """The wait when it takes longer than anything did: all scales up to `end` are as likely, which is a hazard too."""
    mean_life = elapsed * max(1.0, math.log(end / elapsed))
    return max(1, math.floor(min(longest, math.sqrt(2 * price * mean_life))))


def _moments(odds: Odds, elapsed: float) -> list[int]:
    """Moments at which to look may be best, from now (0) until it is nearly certain to have ended."""
    alive, found = 1 - odds.at(elapsed)[0], [0]
    if alive > OVER:
        while 1 - odds.at(elapsed + found[-1])[0] > OVER * alive:
            found.append(found[-1] + 1 if len(found) <= DENSE else int(found[-1] * COARSER))
    return found
