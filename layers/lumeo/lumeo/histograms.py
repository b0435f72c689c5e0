"""How long predictions of a model take, learnt as they end: counts in buckets that grow by a tenth. Pure.

Durations drift, and some change at once, as when a model moves to other hardware. So they are kept by four memories,
from a short to a long one; each forgets at its own pace, and is trusted as far as it foretold what came (Herbster and
Warmuth, "Tracking the best expert", 1998: the fixed share keeps any of them from being given up).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

SHORTEST = 0.25
"""Seconds: the lower end of the first bucket, which also holds all that is shorter."""
RATIO = 1.1
BUCKETS = 160
"""The last of them begins after eleven days, and holds all that is longer."""
SPANS = (3.0, 10.0, 30.0, 100.0)
"""Predictions that each memory holds, about."""
SHARE = 0.01
FORGOTTEN = 1e-3
"""A count that has shrunk to less is dropped."""
MOST = 1e6
"""No count is larger: the longest memory holds a ten-thousandth."""
SPREAD = 0.4
"""Standard deviation of a logarithm of durations that is assumed at first: as much as four predictions say of it."""
SPREAD_WORTH = 4
SURPRISE = 0.01
"""Probability that a duration is like none before, however many there were."""
NEAR = 12
"""Buckets on either side, a factor of three, in which durations are of one crowd."""
LIKELY = 1e-3
"""Probability of a bucket below which it is left out of a sum of two durations."""

_STEP = math.log(RATIO)


@dataclass(frozen=True, slots=True)
class Memory:
    """What one memory holds: counts by bucket, and how far it is trusted (all of them sum up to 1)."""

    counts: Mapping[int, float]
    trust: float


@dataclass(frozen=True, slots=True)
class Durations:
    """What is known of how long something takes; `n` durations made it."""

    n: int
    memories: tuple[Memory, ...]

    def learnt(self, seconds: float) -> "Durations":
        """With one more duration, the latest."""
        bucket = bucket_of(seconds)
        if self.n:
            foretold = [memory.trust * _density(memory.counts)[bucket] for memory in self.memories]
            trusts = [(1 - SHARE) * each / sum(foretold) + SHARE / len(SPANS) for each in foretold]
        else:
            trusts = [memory.trust for memory in self.memories]
        counts = [_added(memory.counts, bucket, span) for memory, span in zip(self.memories, SPANS, strict=True)]
        return Durations(self.n + 1, tuple(map(Memory, counts, trusts)))

    def density(self) -> list[float]:
        """The probability of each bucket."""
        mixed = [0.0] * BUCKETS
        for memory in self.memories:
            for bucket, probability in enumerate(_density(memory.counts)):
                mixed[bucket] += memory.trust * probability
        return mixed

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        kept = [
            {
                "counts": {str(at): round(count, 4) for at, count in memory.counts.items()},
                "trust": round(memory.trust, 5),
            }
            for memory in self.memories
        ]
        return {"n": self.n, "memories": kept}


UNKNOWN = Durations(0, tuple(Memory({}, 1 / len(SPANS)) for _ in SPANS))


def durations(plain: Any) -> Durations:
    """What `plain` said; UNKNOWN for what it never says: a table may hold anything."""
    try:
        memories = tuple(_memory(each) for each in plain["memories"])
        trusted = math.fsum(memory.trust for memory in memories)
        if len(memories) != len(SPANS) or not 0.99 < trusted < 1.01 or type(plain["n"]) is not int or plain["n"] < 1:
            return UNKNOWN
        return Durations(plain["n"], tuple(Memory(memory.counts, memory.trust / trusted) for memory in memories))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return UNKNOWN


def _memory(plain: Any) -> Memory:
    counts = {int(at): float(count) for at, count in plain["counts"].items()}
    trust = float(plain["trust"])
    said = all(0 <= at < BUCKETS and FORGOTTEN / 2 < count < MOST for at, count in counts.items())
    if not counts or not said or trust < 0:
        raise ValueError("not what a memory holds")
    return Memory(counts, trust)


def bucket_of(seconds: float) -> int:
    """The bucket that a duration falls into."""
    return min(BUCKETS - 1, int(math.log(max(seconds, SHORTEST) / SHORTEST) / _STEP + 1e-9))


def edges() -> list[float]:
    """Where the buckets begin, in seconds, and where the last one ends."""
    return [SHORTEST * RATIO**n for n in range(BUCKETS + 1)]


def _added(counts: Mapping[int, float], bucket: int, span: float) -> dict[int, float]:
    kept = {at: count * (1 - 1 / span) for at, count in counts.items() if count * (1 - 1 / span) > FORGOTTEN}
    return {**kept, bucket: kept.get(bucket, 0.0) + 1}


def _density(counts: Mapping[int, float]) -> list[float]:
    """The probability of each bucket: each duration spread as a bell of the logarithm, and a share for what is new."""
    n = math.fsum(counts.values())
    new = 0.5 / (n + 2) + SURPRISE if n else 1.0
    density = [new / BUCKETS] * BUCKETS
    for at, count in counts.items():
        bell = _bell(round(_width(counts, at), 1))
        for off, part in enumerate(bell, -(len(bell) // 2)):
            density[min(BUCKETS - 1, max(0, at + off))] += (1 - new) * part * count / n
    return density


@lru_cache(maxsize=128)
def _bell(width: float) -> tuple[float, ...]:
    """A normal distribution of that standard deviation, in buckets, around the middle of one."""
    reach = int(3 * width + 1)
    below = [0.5 * (1 + math.erf((off - 0.5) / (width * math.sqrt(2)))) for off in range(-reach, reach + 2)]
    whole = below[-1] - below[0]
    return tuple((after - before) / whole for before, after in pairwise(below))


def _width(counts: Mapping[int, float], at: int) -> float:
    """Buckets by which a duration is spread: the normal reference rule (Silverman, "Density Estimation", 1986).

    By the spread of what is near it, since warm and cold starts are two crowds; a few say little of their own spread.
    """
    near = {bucket: count for bucket, count in counts.items() if abs(bucket - at) <= NEAR}
    n = math.fsum(near.values())
    mean = math.fsum(bucket * count for bucket, count in near.items()) / n
    seen = math.fsum(count * (bucket - mean) ** 2 for bucket, count in near.items()) / n * _STEP**2
    spread = math.sqrt((seen * n + SPREAD**2 * SPREAD_WORTH) / (n + SPREAD_WORTH))
    return max(0.5, 1.06 * spread * math.pow(max(n, 1), -0.2) / _STEP)


def still(density: Sequence[float], elapsed: float) -> list[float]:
    """The density of what has not ended after so many seconds."""
    ahead = [(end - max(begin, elapsed)) / (end - begin) if end > elapsed else 0.0 for begin, end in pairwise(edges())]
    left = [part * share for part, share in zip(density, ahead, strict=True)]
    whole = math.fsum(left)
    return [part / whole for part in left] if whole else [0.0] * (BUCKETS - 1) + [1.0]


def together(first: Sequence[float], then: Sequence[float]) -> list[float]:
    """The density of the sum of two durations that follow one another; what is hardly likely is left out."""
    middles = [0.0, *[(begin + end) / 2 for begin, end in pairwise(edges())][1:]]
    likely = [(middles[at], part) for at, part in enumerate(then) if part > LIKELY]
    summed = [0.0] * BUCKETS
    for at, part in enumerate(first):
        if part > LIKELY:
            for seconds, probability in likely:
                summed[bucket_of(middles[at] + seconds)] += part * probability
    return summed
