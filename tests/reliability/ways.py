"""Every order in which several may take their steps, but for orders that differ only where it cannot matter.

Two steps that touch nothing in common may be swapped: of all orders that come to the same by such swaps one is gone.
These are sleep sets, as in P. Godefroid, Partial-Order Methods for the Verification of Concurrent Systems, 1996.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.world.calls import Call

Touched = Sequence[Call] | None
"""All calls that a step brought about, until nobody else had anything to do; None: time passed, so that all is touched."""


class Redundant(Exception):
    """Every way on from here has been gone already, in another order."""


@dataclass(slots=True)
class Step:
    """Who took it, what it touched, who took it on other ways, who is left to take it, and who could have."""

    who: str
    tried: Mapping[str, Touched] = field(default_factory=dict)
    touched: Touched = ()
    left: tuple[str, ...] = ()
    could: tuple[str, ...] = ()


class Way:
    """One order: given by `steps` first, then always the first who may."""

    def __init__(self, steps: Sequence[Step] = (), *, reduced: bool = True) -> None:
        self.steps: list[Step] = []
        self._given = list(steps)
        self._reduced = reduced
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
        asleep = self._sleepers()
        awake = [who for who in could if who not in asleep]
        if len(self.steps) < len(self._given):
            step = self._given[len(self.steps)]
            assert step.who in could, f"{step.who} should come after {self.order}, and only {could} could"
        elif awake:
            step = Step(awake[0])
        else:
            raise Redundant
        step.could = tuple(could)
        step.left = tuple(who for who in awake if who != step.who and who not in step.tried)
        self._asleep = asleep
        self.steps.append(step)
        return step.who

    def touched(self, calls: Touched) -> None:
        """What the step that was taken last has touched."""
        self.steps[-1].touched = calls

    def following(self) -> "Way | None":
        """The next way after this one; None after the last."""
        steps = list(self.steps)
        while steps:
            last = steps.pop()
            if last.left:
                return Way([*steps, Step(last.left[0], {**last.tried, last.who: last.touched})], reduced=self._reduced)
        return None

    def _sleepers(self) -> dict[str, Touched]:
        """Whose step was tried on another way, with nothing since that it meets: it need not be tried again."""
        if not self.steps or not self._reduced:
            return {}
        last = self.steps[-1]
        known = {**self._asleep, **last.tried}
        return {who: touched for who, touched in known.items() if not meet(touched, last.touched)}


def meet(one: Touched, other: Touched) -> bool:
    """Whether the order of two steps may matter."""
    return one is None or other is None or any(call.meets(late) for call in one for late in other)


def explore(play: Callable[[Way], None], *, reduced: bool = True) -> Iterator[Way]:
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
