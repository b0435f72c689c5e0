"""Schedules side by side: ours, what it learns from, and what others do; and what comes of each."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Protocol

from bench.laws import Law
from bench.looks import REPLICATE
from lumeo import checking, polling
from lumeo.experience import NOTHING, Ended, Experience
from lumeo.steps.pace import ENOUGH

LATEST = 36_000


class Schedule(Protocol):
    """When to look next: seconds since the submission, since it began to run (None: it has not), and looks so far."""

    def __call__(self, waited: float, ran: float | None, looks: int) -> float:
        """Seconds until the next look."""


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a prediction: seconds between its end and the look that found it, and looks."""

    delay: float
    looks: float

    def cost(self, price: float) -> float:
        return self.delay + price * self.looks


def play(schedule: Schedule, boot: int, run: float) -> Played:
    """Look at one prediction until it has ended."""
    at, looks, end = 0.0, 0, boot + run
    while at < end and at < LATEST:
        ran = at - boot if looks and at >= boot else None
        at, looks = at + schedule(at, ran, looks), looks + 1
    return Played(at - end, looks)


def mean(played: Iterable[Played]) -> Played:
    found = list(played)
    return Played(sum(one.delay for one in found) / len(found), sum(one.looks for one in found) / len(found))


def learnt(experience: Experience, price: float, lost: float = 1.0) -> Schedule:
    """Ours, with what these predictions taught: what `polling.learnt_wait` does, at any price."""
    random = Random(f"{price} {lost}")

    @cache
    def odds(waited: float) -> tuple[checking.Odds, float]:
        return experience.odds(waited, None, starting=True)

    @cache
    def best(elapsed: float, *, starting: bool) -> int:
        found, at = odds(elapsed) if starting else experience.odds(0.0, elapsed, starting=False)
        longest = polling.longest_wait(REPLICATE, polling.Expected(found, at, lost))
        return checking.next_look(found, at, price, lost=lost, longest=longest)

    def schedule(waited: float, ran: float | None, looks: int) -> float:
        if experience.run.n < ENOUGH:
            return polling.wait(REPLICATE, looks)
        ideal = best(waited, starting=True) if ran is None else best(ran, starting=False)
        return max(1, polling.scattered(ideal, polling.LEARNT_JITTER, random.random))

    return schedule


def taught(law: Law, n: int, random: Random, before: Experience = NOTHING) -> Experience:
    """What `n` predictions teach."""
    for _ in range(n):
        boot, run = law.draw(random)
        before = before.learnt(Ended(float(boot), run, None), "")
    return before


def online(laws: Iterable[Law], price: float, random: Random, known: Experience = NOTHING) -> list[Played]:
    """Predictions one after another, each of which teaches for the next."""
    found = []
    for law in laws:
        boot, run = law.draw(random)
        found.append(play(learnt(known, price), boot, run))
        known = known.learnt(Ended(float(boot), run, None), "")
    return found


def every(seconds: float) -> Schedule:
    return lambda waited, ran, looks: seconds  # noqa: ARG005


def growing(first: float, factor: float, cap: float) -> Schedule:
    return lambda waited, ran, looks: min(cap, first * factor ** min(looks, 60))  # noqa: ARG005


OTHERS: dict[str, Callable[[], Schedule]] = {
    "official Python client, every 0.5 s": lambda: every(0.5),
    "Wait, Task, Choice: every 5 s": lambda: every(5),
    "AWS job poller: every 60 s": lambda: every(60),
    "0.5 s doubling to 5 s": lambda: growing(0.5, 2, 5),
    "1 s × 1.5 to 5 s (ours, unlearnt)": lambda: growing(1, 1.5, 5),
    "1 s × 1.5 to 30 s": lambda: growing(1, 1.5, 30),
}
