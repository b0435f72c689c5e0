"""Holds functions back at their calls, so that a test says in which order they are made."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.integration.driver import PICTURE, Answer
from tests.reliability.ways import Touched, Way
from tests.world.calls import Call, Hook
from tests.world.turns import Task
from tests.world.world import World

PATIENCE = 900.0
"""Virtual seconds in which whoever is waited for must have come."""

AGAIN_SECONDS = 2.0
"""After so long a caller asks again."""


@dataclass(slots=True)
class Expected:
    """So many tasks of a function are to be held back, from their first call of an operation on, for so many calls."""

    function: str
    operation: str
    times: int
    calls: int


@dataclass(eq=False, slots=True)
class Member:
    """A function that is held back at its calls. `call`: the one that it is about to make."""

    name: str
    task: Task
    left: int
    call: Call | None = None
    dying: bool = False
    calls: list[Call] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return self.task.done or (self.left == 0 and self.call is None)


@dataclass(slots=True)
class Asked:
    """A call of the API, and its answer once it has come."""

    method: str
    path: str
    answer: Answer | None = None


@dataclass(eq=False)
class Stage(Hook):
    """A world in which some functions wait at each of their calls until they are told to go on."""

    here: World
    members: list[Member] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    _expected: list[Expected] = field(default_factory=list)
    _made: list[Call] = field(default_factory=list)
    _named: Counter[str] = field(default_factory=Counter)

    # Bringing a world to the point of interest

    def expect(self, function: str, operation: str = "", *, times: int = 1, calls: int = 10_000) -> None:
        """Hold back the next `times` tasks of a function, each from its first call of `operation` on, for `calls`."""
        self._expected.append(Expected(function, operation, times, calls))

    def held(self, function: str, number: int = 1) -> Task:
        """Let time pass until so many tasks of a function have come to a call; the last of them."""

        def there() -> list[Member]:
            return [member for member in self.members if member.task.function == function and member.call]

        self.here.until(lambda: len(there()) >= number, PATIENCE)
        return there()[-1].task

    def creates(self, model: str, headers: Mapping[str, str]) -> None:
        """A caller creates; what is answered will stand in `asked`."""
        self._ask("POST", f"/v1/models/{model}/predictions", {"input": PICTURE}, headers)

    def cancels(self, prediction_id: str) -> None:
        """A caller cancels; what is answered will stand in `asked`."""
        self._ask("POST", f"/v1/predictions/{prediction_id}/cancel")

    def removes(self, prediction_id: str) -> None:
        """A caller has it taken away, as soon as it is over; what is answered will stand in `asked`."""
        self._ask("DELETE", f"/v1/predictions/{prediction_id}", until=(204,))

    def reads(self, prediction_id: str) -> None:
        """A caller reads; what is answered will stand in `asked`."""
        self._ask("GET", f"/v1/predictions/{prediction_id}")

    # What tests decide

    def waiting(self) -> list[Member]:
        """Who still has something to do, when nobody else has at this moment."""
        self.here.passes(0)
        return [member for member in self.members if not member.over]

    def go_on(self, member: Member) -> Touched:
        """Let one make its call, or let time pass until it comes to one; all that was touched by it."""
        hub, begun = self.here.hub, self.here.hub.elapsed()
        self._made.clear()
        states = {name: run.status for name, run in self.here.executions().items()}
        if member.call:
            hub.wake(member.task)
        else:
            hub.run(lambda: member.call is not None or member.over, PATIENCE)
        self.here.passes(0)
        ended = [name for name, run in self.here.executions().items() if states.get(name) != run.status]
        moved = [Call("Machine", "states", "", (name,), writes=True) for name in ended]
        return None if hub.elapsed() > begun else [*map(_as_acted, self._made), *moved]

    def open(self) -> None:
        """Hold nobody back any more."""
        self._expected.clear()
        for member in self.members:
            member.left = 0
            if member.call:
                self.here.hub.wake(member.task)

    # What the seam asks

    def before(self, call: Call) -> None:
        hub = self.here.hub
        member = self._member(call) if hub.task else None
        if member and member.left:
            member.left -= 1
            member.calls.append(call)
            member.call = call
            hub.park()
            member.call = None
            # In the order in which they are acted on.
            self.here.calls().remove(call)
            self.here.calls().append(call)
            call.at = hub.elapsed()
        self._made.append(call)

    def after(self, call: Call) -> None:
        del call
        task = self.here.hub.task
        if task and any(member.task is task and member.dying for member in self.members):
            self.here.hub.kill(task)

    def _member(self, call: Call) -> Member | None:
        """Who makes a call, if it is one of those that are held back."""
        task = self.here.hub.task
        assert task
        known = next((member for member in self.members if member.task is task and not member.over), None)
        if known:
            return known
        for expected in self._expected:
            if expected.times and call.function == expected.function and expected.operation in {"", call.operation}:
                expected.times -= 1
                self._named[call.function] += 1
                number = self._named[call.function]
                name = call.function if number == 1 else f"{call.function}{number}"
                self.members.append(Member(name, task, expected.calls))
                return self.members[-1]
        return None

    def _ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        until: Container[int] = range(600),
    ) -> None:
        """`until`: it asks again until it is answered one of these."""
        asked = Asked(method, path)
        self.asked.append(asked)

        def ask() -> None:
            asked.answer = self.here.call(method, path, body, headers)
            while asked.answer.status not in until:
                self.here.hub.sleep(AGAIN_SECONDS)
                asked.answer = self.here.call(method, path, body, headers)

        self.here.hub.spawn(ask, f"caller {len(self.asked)}")


def _as_acted(call: Call) -> Call:
    """What AWS refused has changed nothing: it has only read."""
    return replace(call, writes=False) if call.outcome == "400" and call.service in {"dynamodb", "states"} else call


def steps(stage: Stage, way: Way, *, without: Member | None = None, most: int = 1_000) -> Iterator[Member]:
    """Let the members take their steps on a way, until none is left; yields who took each."""
    for _ in range(most):
        waiting = {member.name: member for member in stage.waiting() if member is not without}
        if not waiting:
            return
        member = waiting[way.next(tuple(waiting))]
        way.touched(stage.go_on(member))
        yield member
    raise AssertionError(f"no end after {most} steps")
