"""Who decides what chance decides elsewhere: whose turn it is, how long a call takes, how much jitter a wait has."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Chooser(Protocol):
    """Every choice that a world leaves open.

    Turns have `.about`, the call that each begins with, or None, and `.task`, whose it is, with a `.number`.
    """

    def pick(self, turns: Sequence[Any]) -> int:
        """Which of the turns that are due at one moment, one at least, comes first."""

    def seconds(self, most: float) -> float:
        """How long something takes that takes `most` seconds at most."""

    def fraction(self) -> float:
        """From 0 up to but without 1."""


class Seeded:
    """All by chance, and the same for the same seed."""

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(f"chooser {seed}")

    def pick(self, turns: Sequence[Any]) -> int:
        return self._random.randrange(len(turns)) if len(turns) > 1 else 0

    def seconds(self, most: float) -> float:
        """Mostly short, now and then nearly the most."""
        return most * self._random.random() ** 3

    def fraction(self) -> float:
        return self._random.random()


class Redundant(Exception):
    """Every way on from here has been gone already, but for the order of calls whose order does not matter."""


@dataclass(slots=True)
class Crossing:
    """A moment at which calls are about to be made: which one was, which were on other ways, which are left to try."""

    chosen: int
    tried: frozenset[int] = frozenset()
    left: tuple[int, ...] = ()


class Script:
    """Calls take no time, and the order of those that meet is given: by `way` first, then always the first of them.

    Only turns that begin with a call are chosen among: what else is due goes on at once. A call that was tried on
    another way sleeps until one is made that meets it (Godefroid's sleep sets): no two ways differ only in the order of
    calls that do not meet.
    """

    def __init__(self, way: Sequence[Crossing] = ()) -> None:
        self.branches = True
        """To be set to False when what is to be tried in every order is over: from there on, the first always goes."""
        self._way = list(way)
        self._gone = 0
        self._asleep: dict[int, Any] = {}

    @classmethod
    def along(cls, choices: Sequence[int]) -> "Script":
        """The way that another script's `choices` went."""
        return cls([Crossing(choice) for choice in choices])

    @property
    def choices(self) -> list[int]:
        return [crossing.chosen for crossing in self._way]

    def pick(self, turns: Sequence[Any]) -> int:
        at_once = next((n for n, turn in enumerate(turns) if turn.about is None), None)
        return self._cross(turns) if at_once is None else at_once

    def seconds(self, most: float) -> float:
        del most
        return 0.0

    def fraction(self) -> float:
        return 0.5

    def following(self) -> "Script | None":
        """The next way after this one; None after the last."""
        way = list(self._way[: self._gone])
        while way:
            last = way.pop()
            if last.left:
                return Script([*way, Crossing(last.left[0], last.tried | {last.chosen})])
        return None

    def _cross(self, turns: Sequence[Any]) -> int:
        if not self.branches:
            return 0
        awake = [n for n, turn in enumerate(turns) if turn.task.number not in self._asleep]
        if self._gone == len(self._way):
            if not awake:
                raise Redundant
            self._way.append(Crossing(awake[0]))
        crossing = self._way[self._gone]
        self._gone += 1
        crossing.left = tuple(n for n in awake if n != crossing.chosen and n not in crossing.tried)
        made = turns[crossing.chosen].about
        asleep = self._asleep | {turns[n].task.number: turns[n].about for n in crossing.tried}
        self._asleep = {number: call for number, call in asleep.items() if not call.meets(made)}
        return crossing.chosen


def explore(play: Callable[[Script], None], most: int | None = None) -> int:
    """Play on every way, or `most` of them; how many were gone to their end. Notes the way on what a play raises."""
    script: Script | None = Script()
    ended = 0
    while script and (most is None or ended < most):
        try:
            play(script)
            ended += 1
        except Redundant:
            pass
        except BaseException as error:
            error.add_note(f"on the way Script.along({script.choices})")
            raise
        script = script.following()
    return ended
