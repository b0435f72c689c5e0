"""Every order in which several may take their steps, but for orders that differ only where it cannot matter.

Two steps that touch nothing in common may be swapped: of all orders that come to the same by such swaps one is gone.
Another order is tried only where two steps have met, and not where all of its ways on have been gone already: source
sets and sleep sets, as in P. Abdulla et al., Optimal Dynamic Partial Order Reduction, 2014.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.world.calls import Call

Touched = Sequence[Call] | None
"""All calls that a step brought about until nobody else had anything to do; None: time passed, which touches all."""


class Redundant(Exception):
    """Every way on from here has been gone already, in another order."""


@dataclass(slots=True)
class Step:
    """Who took it and what it touched; who could have, who did on other ways, and who else is wanted to."""

    who: str
    tried: Mapping[str, Touched] = field(default_factory=dict)
    wanted: set[str] = field(default_factory=set)
    touched: Touched = ()
    awake: frozenset[str] = frozenset()
    could: tuple[str, ...] = ()

    @property
    def left(self) -> list[str]:
        return sorted((self.wanted & self.awake) - {self.who, *self.tried})


class Way:
    """One order: given by `steps` first, then always the first who may, or one of them by `chance`."""

    def __init__(self, steps: Sequence[Step] = (), *, reduced: bool = True, chance: Random | None = None) -> None:
        self.steps: list[Step] = []
        self._given = list(steps)
        self._reduced = reduced and chance is None
        self._chance = chance
        self._asleep: dict[str, Touched] = {}

    @classmethod
    def along(cls, order: Sequence[str]) -> "Way":
        """The way on which these come one after another; whoever comes after them comes in turn."""
        return cls([Step(who) for who in order], reduced=False)

    @property
    def order(self) -> tuple[str, ...]:
        return tuple(step.who for step in self.steps)

    def next(self, could: Sequence[str]) -> str:
        """Whose step it is, of those who could take one. Raises Redundant."""
        self._asleep = self._sleepers()
        awake = [who for who in could if who not in self._asleep]
        if len(self.steps) < len(self._given):
            step = self._given[len(self.steps)]
            assert step.who in could, f"{step.who} should come after {self.order}, and only {could} could"
        elif awake:
            step = Step(self._chance.choice(awake) if self._chance else awake[0])
        else:
            raise Redundant
        step.could, step.awake = tuple(could), frozenset(awake)
        self.steps.append(step)
        return step.who

    def touched(self, calls: Touched) -> None:
        """What the step that was taken last has touched."""
        self.steps[-1].touched = calls

    def following(self) -> "Way | None":
        """The next way after this one; None after the last."""
        self._want()
        steps = list(self.steps)
        while steps:
            last = steps.pop()
            if last.left:
                other = Step(last.left[0], {**last.tried, last.who: last.touched}, last.wanted)
                return Way([*steps, other], reduced=self._reduced)
        return None

    def _sleepers(self) -> dict[str, Touched]:
        """Whose step was tried on another way, with nothing since that it meets: it need not be tried again."""
        if not self.steps or not self._reduced:
            return {}
        last = self.steps[-1]
        known = {**self._asleep, **last.tried}
        return {who: touched for who, touched in known.items() if not meet(touched, last.touched)}

    def _want(self) -> None:
        """Note who should also be tried before the steps that it has met."""
        if not self._reduced:
            for step in self.steps:
                step.wanted |= set(step.could)
            return
        whole = [(step.who, step.touched) for step in self.steps] + list(self._asleep.items())
        before: list[set[int]] = []
        for n, (who, touched) in enumerate(whole):
            # Those who have not come to take their step are not before one another.
            taken = range(min(n, len(self.steps)))
            known = {k for k in taken if whole[k][0] == who or meet(whole[k][1], touched)}
            earlier = set[int]().union(*(before[k] for k in known))
            before.append(known | earlier)
            for k in known - earlier:
                if whole[k][0] != who:
                    self._reverse(k, n, before, [name for name, _ in whole])

    def _reverse(self, k: int, n: int, before: Sequence[set[int]], names: Sequence[str]) -> None:
        """Step n has met step k: want somebody before k who leads to n without it."""
        without = {m for m in range(k + 1, min(n, len(self.steps))) if k not in before[m]} | {n}
        first = {names[m] for m in without if not before[m] & without}
        step = self.steps[k]
        if not first <= set(step.could):
            step.wanted |= set(step.could)
        elif not first & (step.wanted | set(step.tried)):
            step.wanted.add(min(first))


def meet(one: Touched, other: Touched) -> bool:
    """Whether the order of two steps may matter."""
    return one is None or other is None or any(call.meets(late) for call in one for late in other)


def explore(play: Callable[[Way], object], *, reduced: bool = True) -> Iterator[Way]:
    """Play on every way; yields each that was gone to its end."""
    way: Way | None = Way(reduced=reduced)
    while way:
        try:
            play(way)
        except Redundant:
            pass
        else:
            yield way
        way = way.following()
