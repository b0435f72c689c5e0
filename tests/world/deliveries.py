"""Brings the provider's webhooks to our gateway, each when it is due."""

import functools
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from local.gateway import Gateway
from local.simulator import Simulator
from local.simulator.letters import Delivery
from tests.integration.driver import http_request
from tests.world.calls import PROVIDER_SECONDS
from tests.world.hub import Hub

if TYPE_CHECKING:
    from tests.world.turns import Turn


class Deliveries:
    """One task for each webhook: none holds up another."""

    def __init__(self, hub: Hub, simulator: Simulator, gateway: Gateway) -> None:
        self._hub = hub
        self._simulator = simulator
        self._gateway = gateway
        self._turn: Turn | None = None

    def pending(self) -> bool:
        """Whether one will be due as things stand."""
        return self._simulator.next_delivery() is not None

    def look(self) -> None:
        """Something has changed at the provider: be there when the next one is due."""
        if self._turn:
            self._turn.cancel()
        due = self._simulator.next_delivery()
        if due is not None:
            self._turn = self._hub.call_later((due - self._hub.now()).total_seconds(), self._hand_out)

    def _hand_out(self) -> None:
        for delivery in self._simulator.deliveries():
            self._hub.spawn(functools.partial(self._send, delivery), f"webhook {delivery.event}")
        self.look()

    def _send(self, delivery: Delivery) -> None:
        self._hub.sleep(self._hub.chooser.seconds(PROVIDER_SECONDS))
        request = http_request("POST", urlsplit(delivery.url).path, delivery.body, dict(delivery.headers))
        status = self._gateway.answer(request).status_code
        self._hub.sleep(self._hub.chooser.seconds(PROVIDER_SECONDS))
        self._simulator.delivered(delivery, status)
        self.look()
