"""Whoever callers want to be told: takes webhooks, keeps what came, and fails as it is told to."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.world.hub import Hub


@dataclass(frozen=True, slots=True)
class Heard:
    """One attempt. `status`: what it was answered, None if it was not; `phase`: of its prediction in that moment."""

    at: float
    path: str
    headers: Mapping[str, str]
    body: bytes
    phase: str
    status: int | None

    @property
    def message(self) -> str:
        """The same for every attempt to tell of one event."""
        return self.headers["webhook-id"]

    @property
    def shown(self) -> dict[str, Any]:
        """The prediction as the attempt has it."""
        return dict(json.loads(self.body))

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(eq=False, slots=True)
class Trouble:
    """What the next `times` attempts meet, -1: all; those of `event` alone, if it is said.

    `status`: an answer other than 200, with the headers `more`. `seconds`: how long the answer takes. `drops`: there is
    none, though the attempt was heard.
    """

    times: int = 1
    event: str | None = None
    status: int = 200
    more: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    drops: bool = False
    hit: Callable[[], None] = lambda: None
    """Called when it is met."""


class Receiver:
    """An application for every path. `phase_of` says how far a prediction is."""

    def __init__(self, hub: Hub, phase_of: Callable[[str], str]) -> None:
        self.heard: list[Heard] = []
        self.troubles: list[Trouble] = []
        self._hub = hub
        self._phase_of = phase_of

    def of(self, message: str) -> list[Heard]:
        """Every attempt to tell of one event."""
        return [heard for heard in self.heard if heard.message == message]

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read()
        headers = {
            name[5:].replace("_", "-").lower(): text for name, text in environ.items() if name.startswith("HTTP_")
        }
        trouble = self._met(headers.get("webhook-id", "")) or Trouble()
        at, phase = self._hub.elapsed(), self._phase_of(str(json.loads(body)["id"]))
        status = None if trouble.drops else trouble.status
        self.heard.append(Heard(at, environ["PATH_INFO"], headers, body, phase, status))
        trouble.hit()
        self._hub.sleep(trouble.seconds)
        if trouble.drops:
            raise ConnectionResetError
        start(f"{status} Said so", [("Content-Length", "0"), *trouble.more])
        return [b""]

    def _met(self, message: str) -> Trouble | None:
        for trouble in self.troubles:
            if trouble.times and (trouble.event is None or f"_{trouble.event}" in message):
                trouble.times -= 1
                return trouble
        return None
