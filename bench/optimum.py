"""The best that can be had: when to look if the law of the durations is known, by dynamic programming.

Waits are whole seconds. It sees what a look sees, and no more: whether it still boots, for how long it has run, or that
it has ended.
"""

import math
from functools import cached_property
from itertools import accumulate, pairwise

from bench.laws import Law

FINE = 20
"""Parts of a second in which delays are added up."""


class Optimum:
    """`wait(…)` for the least mean of delay + `price` × looks. `lost`: the share of ends that only a look finds."""

    def __init__(self, law: Law, price: float, lost: float = 1.0) -> None:
        self._law, self._price, self._lost = law, price, lost
        self._horizon = math.ceil(law.median * math.exp(4.5 * law.sigma)) + 3
        self._boots = math.ceil(law.boot_median * math.exp(3.5 * law.boot_sigma)) if law.cold else 0

    def wait(self, waited: float, ran: float | None, *, starting: bool) -> int:
        """As the learnt schedule is asked."""
        if starting and self._law.cold:
            return self._booting[1][min(round(waited), self._boots)]
        return self._running[1][min(round(waited if ran is None else ran), self._horizon - 1)]

    @property
    def cost(self) -> float:
        """The mean, from the submission on."""
        return self._booting[0][0] if self._law.cold else self._running[0][0]

    @cached_property
    def _ended(self) -> list[float]:
        return [self._law.ended(second) for second in range(self._horizon + 1)]

    @cached_property
    def _waited(self) -> list[float]:
        parts = (
            sum(self._law.ended(second + (part + 0.5) / FINE) for part in range(FINE)) / FINE
            for second in range(self._horizon)
        )
        return [0.0, *accumulate(parts)]

    @cached_property
    def _running(self) -> tuple[list[float], list[int]]:
        """The mean cost from each second of a run on, and the best wait there."""
        horizon, ended, waited = self._horizon, self._ended, self._waited
        costs, best = [0.0] * (horizon + 1), [1] * (horizon + 1)
        for at in range(horizon - 1, -1, -1):
            least = math.inf
            for to in range(at + 1, horizon + 1):
                delay = self._lost * (waited[to] - waited[at] - ended[at] * (to - at))
                if delay >= least:
                    break
                paid = self._price * (1 - ended[to] + self._lost * (ended[to] - ended[at]))
                if delay + paid + costs[to] < least:
                    least, best[at] = delay + paid + costs[to], to - at
            costs[at] = least
        return [cost / max(1e-12, 1 - end) for cost, end in zip(costs, ended, strict=True)], best

    @cached_property
    def _booting(self) -> tuple[list[float], list[int]]:
        """The same from each second of a boot on; of a warm start nothing is known before the first look."""
        after = [self._first_look(second) for second in range(self._horizon + self._boots)]
        booted = [self._law.booted(second) for second in range(self._boots + self._horizon)]
        chances = [booted[0], *(now - before for before, now in pairwise(booted))]
        costs, best, last = [0.0] * (self._boots + 1), [1] * (self._boots + 1), len(after) - 1
        for at in range(self._boots, -1, -1):
            left, least = 1 - (booted[at] if at else 0.0), math.inf
            for to in range(at + 1, self._boots + self._horizon):
                first = at + 1 if at else 0
                seen = sum(chances[second] * after[min(to - second, last)] for second in range(first, to + 1))
                rest = 1 - booted[to]
                later = costs[to] if to <= self._boots else 0.0
                cost = (seen + rest * (self._price + later)) / left if left > 1e-12 else 0.0
                if cost < least:
                    least, best[at] = cost, to - at
                elif cost > 2 * least + 10:
                    break
            costs[at] = least
        return costs, best

    def _first_look(self, seconds: int) -> float:
        """The mean cost of a look so long after a run began, and of all that follows."""
        known = min(seconds, self._horizon)
        alive, late = 1 - self._ended[known], self._waited[known] + seconds - known
        looked = self._price * (alive + self._lost * (1 - alive))
        return self._lost * late + looked + alive * self._running[0][known]
