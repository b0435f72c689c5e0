"""The seam that every external call of a function passes: where others get their turn, and where tests intervene."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.world.hub import Hub

AWS_SECONDS = 0.05
PROVIDER_SECONDS = 0.5
"""What a call takes at most, each way."""


@dataclass(eq=False, slots=True)
class Call:
    """One external call. `items` are what it touches: keys of the table, of the bucket, runs, paths at the provider."""

    function: str
    service: str
    operation: str
    items: tuple[str, ...]
    writes: bool
    request: Mapping[str, Any] = field(default_factory=dict)
    at: float = 0.0
    outcome: str = ""

    @property
    def boundary(self) -> tuple[str, str, str]:
        """What the call is, whichever prediction it is for."""
        return self.function, self.service, self.operation

    def meets(self, other: "Call") -> bool:
        """Whether the order of the two may matter."""
        shared = "*" in self.items + other.items or bool(set(self.items) & set(other.items))
        return self.service == other.service and shared and (self.writes or other.writes)

    def __str__(self) -> str:
        return f"{self.at:.6f} {self.function} {self.service} {self.operation} {' '.join(self.items)}: {self.outcome}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error of AWS's, answered instead of acting: `more` is added to its body."""

    code: str
    status: int = 400
    message: str = "refused by the test"
    more: Mapping[str, Any] = field(default_factory=dict)


class Hook:
    """What a test does at calls: look, answer in the other side's stead, or let the function die by raising Death."""

    def before(self, call: Call) -> Refusal | Exception | None:
        """Just before it is acted on. A Refusal or an exception takes the place of the act."""

    def after(self, call: Call) -> Refusal | Exception | None:
        """After it was acted on, before the caller learns of it. A Refusal or an exception takes the answer's place."""


class Seam:
    """Brings every call to the hooks, and gives the others their turn before it."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.hooks: list[Hook] = []
        self.calls: list[Call] = []

    @contextmanager
    def hooked(self, hook: Hook) -> Iterator[Hook]:
        self.hooks.append(hook)
        try:
            yield hook
        finally:
            self.hooks.remove(hook)

    def before(self, call: Call, most: float) -> Refusal | Exception | None:
        """The others' turn, the time that it takes to get there, then the hooks."""
        task = self.hub.task
        assert task
        call.function = task.function or task.name
        task.about = call
        try:
            self.hub.sleep(self.hub.chooser.seconds(most))
        finally:
            task.about = None
        call.at = self.hub.elapsed()
        self.calls.append(call)
        return next((said for hook in list(self.hooks) if (said := hook.before(call)) is not None), None)

    def after(self, call: Call, outcome: str, most: float) -> Refusal | Exception | None:
        """The hooks, then the time that it takes to get back."""
        call.outcome = outcome
        said = next((said for hook in list(self.hooks) if (said := hook.after(call)) is not None), None)
        seconds = self.hub.chooser.seconds(most)
        if seconds:
            self.hub.sleep(seconds)
        return said
