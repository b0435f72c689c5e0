"""The simulator on a socket."""

from local.serving import Server
from local.simulator.http import create_app
from local.simulator.postman import Postman
from local.simulator.world import Simulator


class RunningServer(Server):
    """A simulator that answers, and perhaps sends webhooks, until it is closed."""

    def __init__(self, simulator: Simulator, port: int, trust: str | None) -> None:
        super().__init__(create_app(simulator, trust), port)
        self.simulator = simulator
        self._trust = trust
        self._postman: Postman | None = None

    def send_webhooks(self) -> None:
        self._postman = Postman(self.simulator, self._trust)

    def close(self) -> None:
        """Send and answer nothing more."""
        if self._postman:
            self._postman.close()
        super().close()


def serve(simulator: Simulator, port: int = 0, *, webhooks: bool = False, trust: str | None = None) -> RunningServer:
    """Put a simulator on 127.0.0.1, on a free port unless one is given.

    `webhooks`: send them, in real time; `trust`: a file of certificates to trust in their receivers, and where runs
    read files.
    """
    server = RunningServer(simulator, port, trust)
    if webhooks:
        server.send_webhooks()
    return server
