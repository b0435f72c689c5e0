"""What became of many plans, in numbers."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.reliability.schedules import Outcome


@dataclass(slots=True)
class Tally:
    """`failed`: the seeds of the plans in which something was wrong."""

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
        acts = {kind: n for kind, n in sorted(total.planned.items()) if kind != "submit"}
        met = sum(total.met[kind] for kind in acts)
        yield f"{self.plans} schedules, {total.predictions} predictions, {total.calls} external calls"
        yield "ended " + ", ".join(f"{end}: {n}" for end, n in total.ends.most_common())
        yield f"longest from acceptance to the end: {total.longest:.0f} s (seed {self.longest_seed})"
        yield f"{met} of {sum(acts.values())} faults and interventions were met, {total.hits} times in all:"
        yield ", ".join(f"{kind} {total.met[kind]}/{n}" for kind, n in acts.items())
        yield f"failed: {sorted(self.failed)}" if self.failed else "failed: none"
