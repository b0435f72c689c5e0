"""Plays a plan in a world of its own, and says what is wrong when all is quiet again."""

import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lumeo import clock, documents
from lumeo.prediction import Prediction, Status
from tests.reliability import plans
from tests.reliability.plans import Act, Plan
from tests.reliability.troubles import hook, named
from tests.world import invariants
from tests.world.hub import BEGIN
from tests.world.world import World, world

AGAIN_SECONDS = 2.0
"""A client repeats what failed on our side after so long."""
PATIENCE = 400
"""So often, at most: until long after all faults."""


@dataclass(slots=True)
class Outcome:
    """What became of a plan, or of many. `wrong`: a line for each thing that must not be."""

    wrong: list[str] = field(default_factory=list)
    predictions: int = 0
    calls: int = 0
    longest: float = 0.0
    """Seconds from acceptance to the terminal record."""
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


def play(plan: Plan, *, traced: bool = False) -> Outcome:
    """The plan from its first act until nobody has anything left to do."""
    outcome = Outcome(planned=Counter(named(act) for act in plan.acts))
    with world(plan.seed, cold=plan.cold) as here:
        stage = Stage(here, plan, outcome)
        try:
            stage.prepare()
            here.until_quiet(plan.over + bound(plan) + QUIET_SLACK)
        except Exception as error:  # noqa: BLE001 (whatever it is, it must not be)
            outcome.wrong.append(f"{type(error).__name__}: {error}")
            outcome.trace.append("".join(traceback.format_exception(error)))
        outcome.wrong += list(invariants.violations(here))
        outcome.wrong += list(stage.shortcomings())
        outcome.calls = len(here.calls())
        if traced:
            outcome.trace += _trace(here)
    return outcome


class Stage:
    """A world in which a plan is played."""

    def __init__(self, here: World, plan: Plan, outcome: Outcome) -> None:
        self._here = here
        self._plan = plan
        self._outcome = outcome
        self._hits = Hits(outcome)
        self._ids: dict[str, set[str]] = {}
        self._asking: Counter[str] = Counter()
        self._shown: list[tuple[str, str]] = []

    def prepare(self) -> None:
        """Set everything up to happen in its time."""
        hub = self._here.hub
        waiting: dict[int, Act] = {}
        self._count_hits(waiting)
        for act in self._plan.acts:
            match act["act"]:
                case "submit":
                    self._asking[act["name"]] = act["tries"]
                    for n in range(act["tries"]):
                        hub.spawn(lambda act=act: self._submit(act), f"caller {act['name']}", after=act["at"] + 3 * n)
                case "cancel" | "read" | "stop":
                    hub.spawn(lambda act=act: self._later(act), f"{act['act']} {act['of']}", after=act["at"])
                case "provider":
                    self._provider(act, waiting)
                case "silence":
                    self._here.bus.loses = self._is_silent
                case "rotate":
                    hub.call_later(act["at"], lambda act=act: self._rotate(act))
                case _:
                    self._here.seam.hooks.append(hook(act, hub, self._hits.add))

    def shortcomings(self) -> Iterator[str]:
        """What was promised and did not come."""
        records = invariants.predictions(self._here)
        by_id = {record.id: record for record in records}
        self._outcome.predictions = len(records)
        for prediction_id, status in self._shown:
            end = by_id[prediction_id].status if prediction_id in by_id else None
            if Status(status).terminal and end not in {status, Status.ABORTED}:
                yield f"{prediction_id} was shown as {status} and ended as {end}"
        for act in self._plan.of("submit"):
            mine = [record for record in records if _name(record) == act["name"]]
            if act["way"] != "once" and len(mine) != 1:
                yield f"{act['name']}: its request and its repeats made {len(mine)} predictions"
            for record in mine:
                yield from self._ended(act, record)

    def _ended(self, act: Act, record: Prediction) -> Iterator[str]:
        self._outcome.ends[f"{record.status}{f', {record.error_code}' if record.error_code else ''}"] += 1
        if (record.status, record.error_code) not in plans.may_end(self._plan, act):
            yield f"{act['name']} ended as {record.status} {record.error_code or ''}".rstrip()
        if record.completed_at:
            took = clock.seconds_between(record.created_at, record.completed_at)
            self._outcome.longest = max(self._outcome.longest, took)
            most = bound(self._plan, act, clock.seconds_between(clock.stamp(BEGIN), record.created_at))
            if took > most:
                yield f"{act['name']} took {took:.0f} s, at most {most:.0f} s are promised"

    # What callers do

    def _submit(self, act: Act) -> None:
        """Until it is answered, as the client has it: with a key, counting its repeats, or once."""
        path, body = f"/v1/models/{act['model']}/predictions", {"input": plans.given(act)}
        headers = dict(act["headers"])
        if act["way"] == "key":
            headers["Idempotency-Key"] = act["name"]
        for n in range(1 if act["way"] == "once" else PATIENCE):
            counted = {"x-stainless-retry-count": str(n)} if act["way"] == "counted" else {}
            answer = self._here.call("POST", path, body, headers | counted)
            if answer.status < 500:
                break
            self._here.hub.sleep(AGAIN_SECONDS)
        self._asking -= Counter([act["name"]])
        if answer.status == 201:
            self._ids.setdefault(act["name"], set()).add(answer.body["id"])
            self._shown.append((answer.body["id"], answer.body["status"]))
        elif answer.status < 500:
            self._outcome.wrong.append(f"{act['name']} was refused: {answer.status} {answer.text}")

    def _later(self, act: Act) -> None:
        """What somebody does to a prediction, as soon as they know of it."""
        while act["of"] in self._asking and act["of"] not in self._ids:
            self._here.hub.sleep(1)
        for prediction_id in sorted(self._ids.get(act["of"], ())):
            if act["act"] == "stop":
                self._stop(act, prediction_id)
                continue
            verb, end = ("POST", "/cancel") if act["act"] == "cancel" else ("GET", "")
            for _ in range(PATIENCE):
                answer = self._here.call(verb, f"/v1/predictions/{prediction_id}{end}")
                if answer.status < 500:
                    break
                self._here.hub.sleep(AGAIN_SECONDS)
            if answer.status == 200:
                self._hits.add(act)
                self._shown.append((prediction_id, answer.body["status"]))
            else:
                self._outcome.wrong.append(f"{act['act']} of {prediction_id}: {answer.status} {answer.text}")

    def _stop(self, act: Act, prediction_id: str) -> None:
        """By hand, in the console, which calls nothing of ours."""
        run = next((run for run in self._here.states.open() if run.name.startswith(prediction_id)), None)
        if run:
            self._hits.add(act)
            self._here.states.machine.stop(run)

    # What goes wrong

    def _provider(self, act: Act, waiting: dict[int, Act]) -> None:
        """A fault of the simulator's, for as long as the plan says."""
        left_out = {"act", "at", "until"}
        declared = {name: value for name, value in act.items() if name not in left_out}
        faults = self._here.simulator._faults.waiting

        def begin() -> None:
            self._here.simulator.add_faults(declared)
            fault = faults[-1]
            waiting[id(fault)] = act
            self._here.hub.call_later(act["until"] - act["at"], lambda: faults.remove(fault) if fault in faults else None)

        self._here.hub.call_later(act["at"], begin)

    def _count_hits(self, waiting: dict[int, Act]) -> None:
        faults = self._here.simulator._faults
        original = faults.hit

        def hit(*about: Any) -> Any:
            fault = original(*about)
            if fault:
                self._hits.add(waiting[id(fault)])
            return fault

        faults.hit = hit  # type: ignore[method-assign]

    def _is_silent(self) -> bool:
        now = self._here.hub.elapsed()
        silent = next((act for act in self._plan.of("silence") if act["at"] <= now < act["until"]), None)
        if silent:
            self._hits.add(silent)
        return silent is not None

    def _rotate(self, act: Act) -> None:
        self._here.simulator.secret.rotate()
        self._hits.add(act)
        self._here.hub.call_later(SETTLED_SECONDS, self._here.simulator.secret.settle)


SETTLED_SECONDS = 120.0
"""After so long the secret before the present one is none any more."""
QUIET_SLACK = 300.0


def bound(plan: Plan, act: Act | None = None, accepted: float = 0.0) -> float:
    """Seconds from acceptance within which a prediction must have ended."""
    submits = [act] if act else list(plan.of("submit"))
    takes = max((min(plans.provider_seconds(one), plans.ended_by(plan, one)) for one in submits), default=0)
    return max(0.0, plan.over - accepted) + takes + 900


def _name(record: Prediction) -> str:
    """The act's name, which its prompt begins with."""
    return str(documents.value(record.input)["prompt"]).split()[1]


def _trace(here: World) -> list[str]:
    """Calls and lines of the log, as they came."""
    return [*map(str, here.calls()), *here.lines]
