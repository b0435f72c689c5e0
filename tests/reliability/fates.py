"""What may befall one of several functions at one point of an order: it dies, or it is held up."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, get_args

from tests.reliability import afterwards
from tests.reliability.stage import Member, Stage, steps
from tests.reliability.ways import Way
from tests.world import invariants

Kind = Literal["dies", "dies alone", "waits"]
KINDS: tuple[Kind, ...] = get_args(Kind)
WAIT_SECONDS = 10.0
"""How long a function is held up: less than any function has, and long enough for a repeat of the other."""


@dataclass(frozen=True, slots=True)
class Fate:
    """After these steps something happens to `who`, which took the last of them, or none yet.

    `dies`: the others go on at once. `dies alone`: the others are held up meanwhile. `waits`: it is held up itself.
    """

    order: tuple[str, ...]
    who: str
    kind: Kind


@dataclass(slots=True)
class Tally:
    """What was played of a pair. `drawn`: not all of its orders; `possible`: fates that there are on these."""

    name: str
    drawn: bool = False
    orders: int = 0
    fates: int = 0
    possible: int = 0
    longest: float = 0.0
    """Seconds from acceptance to the end."""
    ends: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def played(self, stage: Stage, fate: Fate | None) -> None:
        """Note what went well."""
        self.orders += fate is None
        self.fates += fate is not None
        self.longest = max(self.longest, afterwards.longest(stage))
        self.ends |= {str(record.status) for record in invariants.predictions(stage.here)}

    def add(self, other: "Tally") -> None:
        self.orders += other.orders
        self.fates += other.fates
        self.possible += other.possible
        self.longest = max(self.longest, other.longest)
        self.ends |= other.ends
        self.wrong += other.wrong

    def line(self) -> str:
        """For people."""
        drawn = " (drawn)" if self.drawn else ""
        fates = f"{self.fates} of {self.possible} deaths and delays"
        failed = f"; {len(self.wrong)} FAILED" if self.wrong else ""
        ends = " or ".join(sorted(self.ends))
        return f"{self.name}: {self.orders} orders{drawn}, {fates}; {ends} within {self.longest:.0f} s{failed}"


def fates_of(way: Way) -> Iterator[Fate]:
    """All that may befall those who take the steps of a way: before the first of each, and after each."""
    begun: set[str] = set()
    for n, step in enumerate(way.steps):
        places = [(way.order[:n], who) for who in step.could if who not in begun]
        begun |= set(step.could)
        for order, who in [*places, (way.order[: n + 1], step.who)]:
            # Step Functions does not die.
            yield from (Fate(order, who, kind) for kind in KINDS if kind == "waits" or not who.startswith("Machine"))


def fated(stage: Stage, way: Way, fate: Fate) -> Iterator[Member]:
    """The steps of a way, and what happens in between; yields who took each."""
    for n, _ in enumerate(fate.order):
        waiting = {member.name: member for member in stage.waiting()}
        member = waiting[way.next(tuple(waiting))]
        # Its call is acted on, and it never hears of that.
        member.dying = fate.kind != "waits" and n == len(fate.order) - 1 and member.name == fate.who
        way.touched(stage.go_on(member))
        yield member
    stage.waiting()
    who = next(member for member in stage.members if member.name == fate.who)
    if fate.kind == "waits":
        yield from steps(stage, way, without=who)
    else:
        stage.here.hub.kill(who.task)
    if fate.kind != "dies":
        stage.here.passes(WAIT_SECONDS)
    yield from steps(stage, way)
