"""One run: what was asked, and what it looks like at any moment. Nothing here changes by itself."""

import hashlib
import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local.simulator.logs import STEPS, logs_after
from local.simulator.models import Model, Script
from local.simulator.outputs import Output, output_of

TERMINAL = ("succeeded", "failed", "canceled", "aborted")

# A run that never ends shows this pace, and hangs here.
ENDLESS_SECONDS = 20.0
LAST_STEP_OF_THE_UNSUCCESSFUL = 29
ROUNDING = 1e-6


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
        self.script = self.request.model.script(self.request.input)
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

    def state(self, now: datetime) -> State:
        """What the script, the deadline and a cancel make of it."""
        age, begin = self.age(now), self.script.starting
        end = begin + self.script.processing
        cut = min(self.canceled_after, self.request.cancel_after)
        if cut < end and age >= cut:
            return self._cut_short(cut)
        if age >= end:
            return State(self.script.status, None if self.script.status == "aborted" else begin, end)
        if age >= begin:
            return State(self.script.while_processing, begin)
        return State("starting")

    def delivered(self, now: datetime) -> bool:
        """Whether it came to the end that its script has for it."""
        return self.state(now).ended == self.script.starting + self.script.processing

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

    def _made_logs(self, state: State, now: datetime) -> str:
        script, endless = self.script, math.isinf(self.script.processing)
        length = ENDLESS_SECONDS if endless else script.processing
        last = LAST_STEP_OF_THE_UNSUCCESSFUL if endless or script.status != "succeeded" else STEPS
        running = (self.age(now) if state.ended is None else state.ended) - script.starting
        step = int(running / length * STEPS + ROUNDING) if length else STEPS
        return logs_after(self.seed, min(step, last), length / STEPS) + (script.last_words if state.over else "")
