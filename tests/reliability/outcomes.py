"""What became of plans, in numbers."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from tests.reliability.plans import Act
from tests.reliability.troubles import named


@dataclass(slots=True)
class Outcome:
    """What became of one plan. `wrong`: a line for each thing that must not be."""

    wrong: list[str] = field(default_factory=list)
    predictions: int = 0
    calls: int = 0
    longest: float = 0.0
    """Seconds from acceptance to the terminal record."""
    nearest: float = 0.0
    """How much of the time that is promised was needed, at most."""
    ends: Counter[str] = field(default_factory=Counter)
    planned: Counter[str] = field(default_factory=Counter)
    """Acts, by kind."""
    met: Counter[str] = field(default_factory=Counter)
    """Those that something ran into."""
    hits: int = 0
    """How often, in all."""
    trace: list[str] = field(default_factory=list)


class Hits:
    """Notes which acts something ran into."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._seen: set[int] = set()

    def add(self, act: Act) -> None:
        self._outcome.hits += 1
        if id(act) not in self._seen:
            self._seen.add(id(act))
            self._outcome.met[named(act)] += 1


@dataclass(slots=True)
class Tally:
    """The sum of many. `failed`: the seeds of the plans in which something was wrong."""

    plans: int = 0
    total: Outcome = field(default_factory=Outcome)
    longest_seed: int = 0
    failed: list[int] = field(default_factory=list)

    def add(self, seed: int, outcome: Outcome) -> None:
        """Take in one plan's outcome."""
        self.merge(Tally(1, outcome, seed, [seed] if outcome.wrong else []))

    def merge(self, other: "Tally") -> None:
        """Take in another tally."""
        mine, theirs = self.total, other.total
        if theirs.longest > mine.longest:
            mine.longest, self.longest_seed = theirs.longest, other.longest_seed
        mine.nearest = max(mine.nearest, theirs.nearest)
        self.plans += other.plans
        self.failed += other.failed
        mine.predictions += theirs.predictions
        mine.calls += theirs.calls
        mine.hits += theirs.hits
        mine.ends += theirs.ends
        mine.planned += theirs.planned
        mine.met += theirs.met

    def lines(self) -> Iterator[str]:
        """What there is to say, for people."""
        total = self.total
        kinds = sorted(total.planned.keys() - {"submit"}, key=lambda kind: (":" not in kind, kind))
        acts = {kind: total.planned[kind] for kind in kinds}
        met = sum(total.met[kind] for kind in acts)
        yield f"{self.plans} schedules, {total.predictions} predictions, {total.calls} external calls"
        yield "ended " + ", ".join(f"{end}: {n}" for end, n in total.ends.most_common())
        yield (
            f"longest from acceptance to the end: {total.longest:.0f} s (seed {self.longest_seed}); "
            f"the nearest to its bound needed {total.nearest:.0%} of it"
        )
        yield f"{met} of {sum(acts.values())} faults and interventions were met, {total.hits} times in all:"
        for group, members in groupby(acts, lambda kind: kind.rpartition(":")[0]):
            each = (f"{kind.removeprefix(f'{group}: ')} {total.met[kind]}/{acts[kind]}" for kind in members)
            yield f"  {group or 'others'}: {', '.join(each)}"
        yield f"failed: {sorted(self.failed)}" if self.failed else "failed: none"
