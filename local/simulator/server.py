"""The simulator on a socket."""

from local.serving import Server
from local.simulator.http import create_app
from local.simulator.postman import Postman
from local.simulator.world import Simulator


class RunningServer(Server):
    """A simulator that answers, and perhaps sends webhooks, until it is closed."""

    def __init__(self, simulator: Simulator, port: int) -> None:
        super().__init__(create_app(simulator), port)
        self.simulator = simulator
        self._postman: Postman | None = None

    def send_webhooks(self, trust: str | None) -> None:
        self._postman = Postman(self.simulator, trust)

    def close(self) -> None:
        """Send and answer nothing more."""
        if self._postman:
            self._postman.close()
        super().close()


def serve(simulator: Simulator, port: int = 0, *, webhooks: bool = False, trust: str | None = None) -> RunningServer:
    """Put a simulator on 127.0.0.1, on a free port unless one is given.

    `webhooks`: send them, in real time; `trust`: a file of certificates to trust in their receivers.
    """
    server = RunningServer(simulator, port)
    if webhooks:
        server.send_webhooks(trust)
    return server
