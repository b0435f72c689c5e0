"""What a scenario has: a client with a key of its own, and what it may know of the stack and the provider behind it."""

import hashlib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.clients import between
from tests.clients.between import Between
from tests.clients.lane import Lane, Raised
from tests.stack import Caller, Stack
from tests.waiting import until

PAUSE = 0.2
"""Seconds between two looks: all clients are at work meanwhile."""


@dataclass(frozen=True)
class World:
    """What all scenarios share."""

    stack: Stack
    tls: ssl.SSLContext
    """The certificate of whatever a scenario puts between its client and the stack."""

    @property
    def origin(self) -> str:
        """The stack's, without /v1."""
        url: str = self.stack.ready["api_url"]
        return url.removesuffix("/v1")


@dataclass
class Scene:
    """A client on its way through one scenario."""

    world: World
    client: str
    lane: Lane
    caller: Caller
    prompt: str
    """Nobody else's: the provider's predictions are known by it."""
    at: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def given(self) -> dict[str, Any]:
        """An input of this scenario's own. Its pictures are small: drawing them is what takes the provider long."""
        return {"prompt": self.prompt, "width": 64, "height": 64}

    def do(self, command: str, **asked: Any) -> Any:
        """What the client returns. Raises Raised."""
        return self.lane.do(command, at=self.at, key=self.caller.key, headers=self.headers, **asked)

    def run(self, ref: str, given: dict[str, Any] | None = None, **options: Any) -> Any:
        """The output of the client's own way to run a model."""
        return self.do("run", ref=ref, given=self.given | (given or {}), **options)

    def create(self, given: dict[str, Any] | None = None, to: dict[str, str] | None = None, **options: Any) -> Any:
        """A prediction that is not waited for, of `sim/one` unless said otherwise."""
        to = to or {"model": "sim/one"}
        return self.do("create", to=to, given=self.given | (given or {}), **options)

    def refused(self, play: Callable[[], Any]) -> Raised:
        """What the client raises."""
        try:
            returned = play()
        except Raised as error:
            return error
        raise AssertionError(f"nothing was raised, but returned: {returned}")

    def upstream(self) -> list[dict[str, Any]]:
        """What this scenario's predictions came to at the provider."""
        found = self.world.stack.simulator("predictions")
        return [prediction for prediction in found if prediction["input"].get("prompt") == self.prompt]

    def sha256(self) -> list[str]:
        """Of the files that the provider made in this scenario's one prediction."""
        (prediction,) = self.upstream()
        return [
            hashlib.sha256(requests.get(url, timeout=10).content).hexdigest() for url in _urls(prediction["output"])
        ]

    def mine(self) -> list[dict[str, Any]]:
        """The caller's predictions, newest first."""
        found: list[dict[str, Any]] = self.caller.call("GET", "/predictions").json()["results"]
        return found

    def one_processing(self) -> str:
        """The id of the caller's one prediction, as soon as it is processing."""
        found = until(self.mine, lambda seen: bool(seen) and seen[0]["status"] == "processing", every=PAUSE)
        prediction_id: str = found[0]["id"]
        return prediction_id

    @contextmanager
    def faults(self, *faults: str) -> Iterator[Between]:
        """The next POSTs of this client meet these, one each."""
        standing = Between(self.world.origin, self.world.stack.ready["ca_bundle"], list(faults))
        with between.standing(standing, self.world.tls) as origin:
            self.at = origin
            yield standing
        self.at = self.world.origin


def _urls(output: Any) -> list[str]:
    if isinstance(output, str):
        return [output] if output.startswith("http") else []
    parts = output.values() if isinstance(output, dict) else output if isinstance(output, list) else []
    return [url for part in parts for url in _urls(part)]
