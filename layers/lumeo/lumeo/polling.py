"""When to look again: pure, in whole seconds, never less than one.

Where it is not known how long predictions of a model take, the waits grow geometrically from the provider's first wait
to its cap. Where it is, delay and looks together cost least.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import random

from lumeo import checking
from lumeo.checking import Odds

JITTER, LEARNT_JITTER = 0.1, 0.03
"""Shares of a wait; what is learnt may be sharp."""
SEARCH_CAP = 30
BELIEVED = 3
"""So many times in a row a provider's own word for when to come again is taken as it stands."""
LOOK_PRICE = 0.5
"""Seconds of delay that one look is worth, for each second of a policy's first wait: nobody hurries for a batch."""
INSURED = 6
"""Where nothing is known, by so much longer is a wait that a webhook may end: the look after it is insurance."""
COLLECTING = 86_400
"""Seconds for which a result is tried to be collected at most, however long it is kept."""
COLLECTING_TRIES = 120
COLLECTING_LOOKS = 6
"""So many looks at least fall into the time for which a provider keeps a result."""
TROUBLE_CAP = 60.0
"""Seconds: the longest wait that we choose by ourselves while looks bring nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a provider's predictions are waited for, in seconds.

    `deadline` counts from acceptance, `result_window` from the provider's end: for that long it keeps results.
    """

    first: float
    factor: float
    cap: float
    deadline: int
    result_window: int

    def __post_init__(self) -> None:
        if not (1 <= self.first <= self.cap and self.factor >= 1 and self.deadline > 0 and self.result_window > 0):
            raise ValueError(f"not a polling policy: {self}")

    @property
    def collecting(self) -> int:
        """Seconds for which a result is tried to be collected."""
        return min(self.result_window, COLLECTING)

    @property
    def longest(self) -> float:
        """The longest wait after which a result is surely still there, though the look after it may fail."""
        return max(self.cap, self.result_window / COLLECTING_LOOKS)


@dataclass(frozen=True, slots=True)
class Expected:
    """When a prediction will have ended, as far as others tell: after `elapsed` seconds it has not.

    `lost`: the share of webhooks that do not come; 1 where none is expected.
    """

    odds: Odds
    elapsed: float
    lost: float = 1.0


def learnt_wait(policy: Policy, expected: Expected, *, chance: Callable[[], float] = random) -> int:
    """Seconds before the next look where it is known how long others took; never less than the policy's first."""
    price, longest = LOOK_PRICE * policy.first, longest_wait(policy, expected)
    ideal = checking.next_look(expected.odds, expected.elapsed, price, lost=expected.lost, longest=longest)
    return max(math.ceil(policy.first), min(math.floor(longest), scattered(ideal, LEARNT_JITTER, chance)))


def longest_wait(policy: Policy, expected: Expected) -> float:
    """The longest that is worth waiting: once looked at, and with a webhook that may be lost, no longer than so far."""
    if expected.lost == 1 or expected.elapsed < policy.first:
        return policy.longest
    return min(policy.longest, max(policy.cap * INSURED, expected.elapsed))


def wait(policy: Policy, looks: int, *, webhook: bool = False, chance: Callable[[], float] = random) -> int:
    """Seconds before the next look after `looks` looks; `webhook`: one is expected to end the wait earlier.

    The first is the policy's own. From then on they grow, as far as the cap allows.
    """
    if webhook:
        cap = min(policy.cap * INSURED, policy.longest)
        policy = replace(policy, first=min(policy.first * INSURED, cap), cap=cap)
    if looks == 0:
        return math.ceil(policy.first)
    # By logarithms: the power itself overflows in a long run.
    capped = looks * math.log(policy.factor) >= math.log(policy.cap / policy.first)
    ideal = policy.cap if capped else policy.first * policy.factor**looks
    return int(max(1, min(policy.cap, scattered(ideal, JITTER, chance))))


def scattered(ideal: float, jitter: float, chance: Callable[[], float]) -> int:
    """`ideal`, give or take that share of it, so that predictions that were submitted together drift apart.

    The fraction that whole seconds cannot say becomes the chance of the next second, so that the mean is exact.
    """
    return math.floor(ideal * (1 + jitter * (2 * chance() - 1)) + chance())


def collect_wait(policy: Policy, troubles: int, *, chance: Callable[[], float] = random) -> int:
    """Seconds before the next try to collect a result, after `troubles` in vain: fewer where it is kept for long."""
    ceiling = max(TROUBLE_CAP, policy.collecting / COLLECTING_TRIES)
    ideal = min(ceiling, policy.cap * 2.0 ** min(troubles - 1, 16))
    return max(1, math.ceil(min(ideal * (1 - JITTER * chance()), policy.longest)))


def look_wait(policy: Policy, troubles: int, after: float | None, *, chance: Callable[[], float] = random) -> int:
    """As `trouble_wait`, of a run that may end meanwhile: not so long that its result could be missed."""
    return min(trouble_wait(policy, troubles, after, chance=chance), math.floor(policy.longest))


def trouble_wait(policy: Policy, troubles: int, after: float | None, *, chance: Callable[[], float] = random) -> int:
    """Seconds before the next look after `troubles` looks in a row that brought nothing (at least one).

    Doubles from the policy's cap; `after` is the provider's own wish and a lower bound.
    """
    ceiling = max(policy.cap, min(TROUBLE_CAP, policy.longest))
    ideal = min(ceiling, policy.cap * 2.0 ** min(troubles - 1, 16))
    jittered = ideal * (1 - JITTER * chance())
    return max(1, math.ceil(max(jittered, after or 0)))


def room_wait(policy: Policy, refusals: int, after: float | None, *, chance: Callable[[], float] = random) -> float:
    """Seconds until a provider has room again, after `refusals` in a row: what it says, while that seems to be true."""
    believed = after is not None and refusals <= BELIEVED
    troubles = refusals if after is None else refusals - BELIEVED
    return after if believed and after is not None else trouble_wait(policy, troubles, after, chance=chance)


def search_wait(seconds: float, not_before: float) -> int:
    """Seconds before the next look for a submission that was made `seconds` ago and may have arrived.

    Mostly it is listed at once; `not_before`, if it is still to come, is when a look can show that it did not arrive.
    """
    return until(not_before, max(2, min(SEARCH_CAP, math.ceil(seconds / 2))))


def until(seconds_left: float, wanted: int) -> int:
    """`wanted`, but not past what is left before a deadline: the look that ends it should come right after it."""
    return max(1, min(wanted, math.ceil(seconds_left))) if seconds_left > 0 else wanted
