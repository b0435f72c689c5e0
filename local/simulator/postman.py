"""Sends webhooks in real time."""

import threading

import requests
from urllib3.exceptions import HTTPError

from local.simulator.letters import Delivery
from local.simulator.world import Simulator

SECONDS = 10


class Postman:
    """A thread that waits for what is due, and one for each attempt, so that nobody waits for a slow receiver."""

    def __init__(self, simulator: Simulator, trust: str | None) -> None:
        """`trust`: a file of certificates to trust instead of the usual ones."""
        self._simulator = simulator
        self._trust = trust
        self._over = False
        self._thread = threading.Thread(target=self._work, name="postman", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send nothing more. Attempts under way may still arrive."""
        with self._simulator.changed:
            self._over = True
            self._simulator.changed.notify_all()
        self._thread.join()

    def _work(self) -> None:
        simulator = self._simulator
        with simulator.changed:
            while not self._over:
                for delivery in simulator.deliveries():
                    threading.Thread(target=self._send, args=(delivery,), name="webhook", daemon=True).start()
                due = simulator.next_delivery()
                simulator.changed.wait(None if due is None else max(0.0, (due - simulator.now()).total_seconds()))

    def _send(self, delivery: Delivery) -> None:
        self._simulator.delivered(delivery, self._status(delivery))

    def _status(self, delivery: Delivery) -> int | None:
        """What the receiver answers; None if there is none to be reached, or the URL is no URL."""
        with requests.Session() as session:
            session.trust_env = False
            try:
                with session.post(
                    delivery.url,
                    data=delivery.body,
                    headers=delivery.headers,
                    timeout=SECONDS,
                    allow_redirects=False,
                    stream=True,
                    verify=self._trust or True,
                ) as answer:
                    return answer.status_code
            except (requests.RequestException, HTTPError, UnicodeError):
                return None
