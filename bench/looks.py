"""How often a prediction is looked at, and how many state transitions that makes. Pure.

AWS bills every state that a run enters: Choices, the end and repeats of a failed task included.
"""

from lumeo import polling
from lumeo.polling import Policy

REPLICATE = Policy(first=1, factor=1.5, cap=5, deadline=3600, result_window=3600)
BARE = 5
"""Create, Next?, Finalize, Next?, Done: what every run enters."""
ROUND = 3
"""A wait, the look after it, Next?; and the same for a wait for room, or to tell a caller once more."""
ONCE_EACH = 20
"""Waits scatter: the number of looks is the mean of so many draws, evenly spread."""


def looks(seconds: float, policy: Policy = REPLICATE) -> float:
    """Looks at a prediction of that length without a webhook, the one that finds its end included."""
    return _mean(seconds, policy, webhook=False) + 1


def in_vain(seconds: float, policy: Policy = REPLICATE) -> float:
    """Looks at a prediction of that length before its webhook comes."""
    return _mean(seconds, policy, webhook=True)


def transitions(*, looks: float = 0, woken: bool = False, tellings: float = 0, rooms: float = 0) -> float:
    """Transitions of a run with so many rounds of a wait and a look.

    `woken`: a webhook or a cancel ended another wait. `tellings`: attempts to tell the caller of the end. `rooms`:
    waits for room at the provider.
    """
    told = ROUND * tellings - 1 if tellings else 0
    return BARE + ROUND * (looks + rooms) + woken + told


def plain(seconds: float, every: float) -> float:
    """Transitions of the loop that people write: submit, then Wait, Task and Choice, then fetch, then the end."""
    return 3 + ROUND * max(1, -(-seconds // every))


def _mean(seconds: float, policy: Policy, *, webhook: bool) -> float:
    return sum(_passed(seconds, policy, (n + 0.5) / ONCE_EACH, webhook=webhook) for n in range(ONCE_EACH)) / ONCE_EACH


def _passed(seconds: float, policy: Policy, chance: float, *, webhook: bool) -> int:
    """Waits that are over before the prediction is."""
    waited, passed = 0, -1
    while waited < seconds:
        passed += 1
        waited += polling.wait(policy, passed, webhook=webhook, chance=lambda: chance)
    return max(passed, 0)
