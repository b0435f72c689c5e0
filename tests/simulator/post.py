"""Takes webhooks to their receivers in the time of a test's clock, as the simulator hands them out."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from replicate.webhook import Webhooks, WebhookSigningSecret, WebhookValidationError

from local.simulator import Delivery, Simulator
from tests.simulator.caller import BEGIN, HandClock

Answer = Callable[[Delivery], int | None]


def taken(_: Delivery) -> int | None:
    """A receiver that takes everything."""
    return 200


@dataclass(frozen=True)
class Told:
    """A delivery, and when it was handed out: in seconds since the test began."""

    at: float
    delivery: Delivery

    @property
    def body(self) -> dict[str, Any]:
        return dict(json.loads(self.delivery.body))

    @property
    def line(self) -> tuple[float, str]:
        return self.at, self.delivery.event


@dataclass(frozen=True)
class Post:
    """Moves the clock from one webhook to the next."""

    simulator: Simulator
    clock: HandClock

    def now(self, answer: Answer = taken) -> list[Told]:
        """Take what is due, without moving the clock."""
        found = []
        for delivery in self.simulator.deliveries():
            self.simulator.delivered(delivery, answer(delivery))
            found.append(Told(self.seconds, delivery))
        return found

    def all(self, answer: Answer = taken) -> list[Told]:
        """Take everything that will ever be due as things stand."""
        return list(self._all(answer))

    def lines(self, answer: Answer = taken) -> list[tuple[float, str]]:
        """When which event was told, of all."""
        return [told.line for told in self._all(answer)]

    def _all(self, answer: Answer) -> Iterator[Told]:
        while (due := self.simulator.next_delivery()) is not None:
            self.clock.moment = max(self.clock.moment, due)
            yield from self.now(answer)

    @property
    def seconds(self) -> float:
        return (self.clock.moment - BEGIN).total_seconds()


def signed(delivery: Delivery, secret: str) -> bool:
    """Whether Replicate's own client takes the signature for right."""
    try:
        Webhooks.validate(
            headers=delivery.headers, body=delivery.body.decode(), secret=WebhookSigningSecret(key=secret)
        )
    except WebhookValidationError:
        return False
    return True
