"""Makes a failing plan as small as it gets: nothing can be taken away from it without it playing well."""

from collections.abc import Callable, Sequence

from tests.reliability.plans import Act, Plan

MOST_PLAYS = 200


def shrunk(plan: Plan, fails: Callable[[Plan], bool]) -> Plan:
    """The smallest failing plan that is found by leaving out acts: halves first, then ever smaller parts.

    Zeller's ddmin, which ends when no single act can be left out.
    """
    left, parts, plays = plan, 2, 0
    while len(left.acts) > 1 and plays < MOST_PLAYS:
        for part in _parts(left.acts, parts):
            smaller = left.without(part)
            plays += 1
            if any(True for _ in smaller.of("submit")) and fails(smaller):
                left, parts = smaller, max(parts - 1, 2)
                break
        else:
            if parts >= len(left.acts):
                break
            parts = min(len(left.acts), 2 * parts)
    return left


def _parts(acts: Sequence[Act], parts: int) -> list[Sequence[Act]]:
    size = -(-len(acts) // parts)
    return [acts[begin : begin + size] for begin in range(0, len(acts), size)]
