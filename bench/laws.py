"""How long predictions take in the measurements: whole seconds of boot, seen as `starting`, then a lognormal run."""

import math
from dataclasses import dataclass, replace
from random import Random


@dataclass(frozen=True, slots=True)
class Law:
    """Runs of a lognormal duration; one in `1 / cold` boots before, for a lognormal time of its own."""

    name: str
    median: float
    sigma: float
    cold: float = 0.0
    boot_median: float = 90.0
    boot_sigma: float = 0.4

    def draw(self, random: Random) -> tuple[int, float]:
        """Seconds of boot and of run."""
        boots = random.random() < self.cold
        boot = max(1, round(self.boot_median * math.exp(self.boot_sigma * random.gauss()))) if boots else 0
        return boot, self.median * math.exp(self.sigma * random.gauss())

    def ended(self, seconds: float) -> float:
        """The probability that a run has ended after so many seconds."""
        return _normal(math.log(seconds / self.median) / self.sigma) if seconds > 0 else 0.0

    def booted(self, seconds: int) -> float:
        """The probability that a boot has ended after so many whole seconds."""
        if seconds <= 0:
            return 1 - self.cold
        late = _normal(math.log((seconds + 0.5) / self.boot_median) / self.boot_sigma)
        return 1 - self.cold * (1 - late)

    def times(self, factor: float) -> "Law":
        """The same, so many times as slow."""
        return replace(self, median=self.median * factor, boot_median=self.boot_median * factor)


LAWS = (
    Law("1 s", 1, 0.3),
    Law("7 s", 7, 0.3),
    Law("12 s, cold", 12, 0.3, cold=0.1),
    Law("150 s", 150, 0.45),
)
OTHER_LAWS = (Law("60 s, sharp", 60, 0.05), Law("20 s, wide", 20, 0.9))
"""Shown beside them."""


def drifting(n: int) -> list[Law]:
    """A trace of `n` predictions whose median rises from 7 s to 60 s and falls again, smoothly."""
    return [Law("drift", 7 * (60 / 7) ** (0.5 - 0.5 * math.cos(2 * math.pi * at / n)), 0.3) for at in range(n)]


def _normal(z: float) -> float:
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))
