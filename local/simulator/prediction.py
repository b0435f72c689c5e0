"""One run: what was asked, and what it looks like at any moment. Nothing here changes by itself."""

import base64
import hashlib
import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from local.simulator.fetching import Fetched, Unreadable
from local.simulator.logs import SHOWN, STEPS, logs_after
from local.simulator.models import Model, Script
from local.simulator.outputs import NOTHING, Output, output_of

TERMINAL = ("succeeded", "failed", "canceled", "aborted")

# A run that never ends shows this pace, and hangs here.
ENDLESS_SECONDS = 20.0
LAST_STEP_OF_THE_UNSUCCESSFUL = 29
ROUNDING = 1e-6


def new_id() -> str:
    """26 of `[0-9a-z]`."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


@dataclass(frozen=True)
class State:
    """Where a run is: its status, and when that began in seconds since the run was created."""

    status: str
    started: float | None = None
    ended: float | None = None

    @property
    def over(self) -> bool:
        return self.ended is not None


@dataclass(frozen=True)
class Request:
    """What a create call asked for, once it has been checked."""

    model: Model
    input: dict[str, Any]
    deployment: str | None = None
    cancel_after: float = math.inf
    webhook: str | None = None
    webhook_events_filter: list[str] | None = None
    url: str = ""
    """The base URL that it was asked under: webhooks show theirs there."""
    files: Mapping[str, Fetched | Unreadable] = field(default_factory=dict)
    """What was read of those inputs that are files."""


@dataclass
class Prediction:
    """A run: its request, its script, and the few things that callers do to it."""

    id: str
    serial: int
    created: datetime
    request: Request
    canceled_after: float = math.inf
    cancel_calls: int = 0
    get_calls: int = 0
    script: Script = field(init=False)
    output: Output = field(init=False)

    def __post_init__(self) -> None:
        self.script = self.request.model.script({**self.request.input, **self.request.files})
        self.output = output_of(self.script.output)

    @property
    def model(self) -> str:
        return self.request.model.full_name

    @property
    def seed(self) -> int:
        """The one given, else one of its own."""
        given = self.request.input.get("seed")
        return given if isinstance(given, int) else int.from_bytes(hashlib.sha256(self.id.encode()).digest()[:2])

    def age(self, now: datetime) -> float:
        return (now - self.created).total_seconds()

    def at(self, seconds: float) -> datetime:
        """The moment so many seconds after its creation."""
        return self.created + timedelta(seconds=seconds)

    def reached(self, seconds: float) -> datetime:
        """The first moment at which it is that old: `at` rounds to a microsecond, down too."""
        moment = self.at(seconds)
        return moment if self.age(moment) >= seconds else moment + timedelta(microseconds=1)

    def finish(self, age: float) -> None:
        """Have it take no longer than it has taken."""
        starting = min(self.script.starting, age)
        self.script = replace(self.script, starting=starting, processing=age - starting)

    @property
    def whole(self) -> float:
        """How long it takes, in seconds, if nothing ends it before."""
        return self.script.starting + self.script.processing

    @property
    def end(self) -> float:
        """How long it takes as things stand."""
        return min(self.whole, self.canceled_after, self.request.cancel_after)

    def state(self, now: datetime) -> State:
        """What the script, the deadline and a cancel make of it."""
        age, begin, end = self.age(now), self.script.starting, self.end
        if age >= end:
            if end < self.whole:
                return self._cut_short(end)
            return State(self.script.status, None if self.script.status == "aborted" else begin, end)
        if age >= begin:
            return State(self.script.while_processing, begin)
        return State("starting")

    def delivered(self, now: datetime) -> bool:
        """Whether it came to the end that its script has for it."""
        return self.state(now).ended == self.whole

    def output_at(self, now: datetime) -> Output:
        """What it has put out so far; nothing of a run that was cut short."""
        if self.delivered(now):
            return self.output
        if self.state(now).over:
            return NOTHING
        age = self.age(now)
        shown = sum(moment <= age for moment in self.grows())
        return output_of(self.script.partial[shown - 1]) if shown else NOTHING

    def grows(self) -> list[float]:
        """When its output grows while it is processing, in seconds since its creation."""
        begin, length, parts = self.script.starting, self.script.processing, len(self.script.partial)
        return [begin + part * length / (parts + 1) for part in range(1, parts + 1)]

    def _cut_short(self, cut: float) -> State:
        begin = self.script.starting
        if self.request.cancel_after < self.canceled_after and cut <= begin:
            return State("aborted", None, cut)
        return State("canceled", begin if begin <= cut else None, cut)

    def logs(self, now: datetime) -> str | None:
        """What it has printed so far; Replicate drops the logs of a run that was canceled."""
        state = self.state(now)
        if state.status == "canceled":
            return None
        if state.started is None:
            return ""
        if self.script.logs is not None:
            return self.script.logs
        return self._made_logs(state, now)

    def prints(self) -> list[float]:
        """When its logs grow while it is processing, in seconds since its creation."""
        if self.script.logs is not None:
            return [self.script.starting] if self.script.logs else []
        length, last = self._pace()
        return [self.script.starting + step * length / STEPS for step in SHOWN if step <= last]

    def _made_logs(self, state: State, now: datetime) -> str:
        length, last = self._pace()
        running = (self.age(now) if state.ended is None else state.ended) - self.script.starting
        step = int(running / length * STEPS + ROUNDING) if length else STEPS
        return logs_after(self.seed, min(step, last), length / STEPS) + (self.script.last_words if state.over else "")

    def _pace(self) -> tuple[float, int]:
        """The seconds that all steps would take, and the last one that it gets to."""
        endless = math.isinf(self.script.processing)
        unsuccessful = endless or self.script.status != "succeeded"
        return (
            ENDLESS_SECONDS if endless else self.script.processing,
            LAST_STEP_OF_THE_UNSUCCESSFUL if unsuccessful else STEPS,
        )
