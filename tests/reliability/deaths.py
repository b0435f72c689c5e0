"""Stops a function before and after each external call of each scenario, as found in a run without a crash."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest

from tests.reliability.cores import spread
from tests.reliability.scenarios import SCENARIOS, Scenario
from tests.world import invariants
from tests.world.calls import Call, Hook
from tests.world.turns import Death
from tests.world.world import World, world

SEED = 1
MOST_SECONDS = 4 * 3600.0
"""Longer than any scenario takes, crashes included."""

CHUNK = 10
"""Crashes that a process tries before it reports."""

Boundary = tuple[str, str, str]
Kind = tuple[str, str, str, bool]


@dataclass(frozen=True, slots=True)
class Crash:
    """A function dies at a scenario's nth call, counted from 0: before it is made, or after it was acted on."""

    scenario: str
    n: int
    late: bool
    boundary: Boundary
    """Function, service, operation."""

    @property
    def kind(self) -> Kind:
        return *self.boundary, self.late

    def __str__(self) -> str:
        return f"{self.scenario}, {'after' if self.late else 'before'} call {self.n}: {' '.join(self.boundary)}"


class Reaper(Hook):
    """Counts the functions' calls, and lets one of them be a function's last."""

    def __init__(self, here: World, crash: Crash | None = None) -> None:
        self.met: list[Boundary] = []
        self.struck = False
        self._functions = {name.removesuffix("Function") for name in here.template.functions()}
        self._crash = crash
        self._victim: Call | None = None

    def before(self, call: Call) -> None:
        if call.function not in self._functions:
            return
        if self._crash and len(self.met) == self._crash.n:
            assert call.boundary == self._crash.boundary, f"{self._crash} is another call now: {call}"
            self._victim = call
        self.met.append(call.boundary)
        if call is self._victim and self._crash and not self._crash.late:
            self._die()

    def after(self, call: Call) -> None:
        if call is self._victim and self._crash and self._crash.late:
            self._die()

    def _die(self) -> None:
        self.struck = True
        raise Death


@dataclass(slots=True)
class Report:
    """What came of many crashes. `wrong`: for each that went wrong, which it was and what is wrong."""

    found: list[Crash] = field(default_factory=list)
    """All that there are."""
    tried: list[Crash] = field(default_factory=list)
    struck: Counter[Kind] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def merge(self, other: "Report") -> None:
        self.tried += other.tried
        self.struck += other.struck
        self.wrong += other.wrong

    def lines(self) -> Iterator[str]:
        """What there is to say, for people."""
        kinds = sorted({crash.boundary for crash in self.found})
        by_function = Counter(function for function, _, _ in kinds)
        pairs = len({(crash.scenario, crash.boundary) for crash in self.tried})
        yield f"{len(self.found) // 2} calls in {len(SCENARIOS)} scenarios, {len(kinds)} kinds: " + ", ".join(
            f"{function} {n}" for function, n in by_function.items()
        )
        yield f"{len(self.tried)} of {len(self.found)} crashes, in {pairs} pairs of kind and scenario"
        yield f"{len(self.struck)} of {2 * len(kinds)} kinds of crash happened"
        yield f"went wrong: {len(self.wrong)}"


def everywhere(most: int = 0) -> Report:
    """Find all crashes and try so many of them, on all cores; 0: all."""
    whole = Report()
    for some in spread(boundaries, SCENARIOS):
        whole.found += some
    tried = sample(sorted(whole.found, key=str), most or len(whole.found))
    for part in spread(crashed, [tried[n : n + CHUNK] for n in range(0, len(tried), CHUNK)]):
        whole.merge(part)
    return whole


def boundaries(scenario: Scenario) -> list[Crash]:
    """All crashes of a scenario. Raises AssertionError when it does not go well without any."""
    with world(SEED, cold=True) as here:
        reaper = Reaper(here)
        _play(here, scenario, reaper)
        wrong = list(_wrong(here, scenario))
    assert not wrong, "\n".join([f"{scenario.name}, without a crash:", *wrong])
    return [Crash(scenario.name, n, late, met) for n, met in enumerate(reaper.met) for late in (False, True)]


def sample(crashes: Sequence[Crash], most: int) -> list[Crash]:
    """So many of the crashes: in turn one of each kind, from ever other scenarios, and moments within them."""
    by_kind: dict[Kind, list[Crash]] = {}
    for crash in random.Random(SEED).sample(crashes, len(crashes)):
        by_kind.setdefault(crash.kind, []).append(crash)
    in_turn = (crash for turn in zip_longest(*by_kind.values()) for crash in turn if crash)
    return list(islice(in_turn, most))


def crashed(crashes: Sequence[Crash]) -> Report:
    """Let each happen in a world of its own."""
    report, by_name = Report(tried=list(crashes)), {scenario.name: scenario for scenario in SCENARIOS}
    for crash in crashes:
        with world(SEED, cold=True) as here:
            reaper = Reaper(here, crash)
            wrong = []
            try:
                _play(here, by_name[crash.scenario], reaper)
            except Exception as error:  # noqa: BLE001 (whatever it is, it must not be)
                wrong.append(f"{type(error).__name__}: {error}")
            wrong += list(_wrong(here, by_name[crash.scenario]))
            wrong += [] if reaper.struck else ["it was not reached"]
        report.struck[crash.kind] += reaper.struck
        report.wrong += ["\n    ".join([str(crash), *wrong])] if wrong else []
    return report


def _play(here: World, scenario: Scenario, reaper: Reaper) -> None:
    # The scenario's own hooks come before it: what they kill or refuse is no boundary.
    with here.seam.hooked(reaper):
        scenario.play(here)
        here.until_quiet(MOST_SECONDS)


def _wrong(here: World, scenario: Scenario) -> Iterator[str]:
    yield from invariants.violations(here)
    records = invariants.predictions(here)
    for record in records:
        if record.status not in scenario.ends:
            yield f"{record.id} ended as {record.status} {record.error_code or ''}".rstrip()
    if not records or (scenario.one and len(records) > 1):
        yield f"{len(records)} predictions were made"
