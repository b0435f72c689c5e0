"""The simulator on a socket."""

from local.serving import Server
from local.simulator.http import create_app
from local.simulator.world import Simulator


class RunningServer(Server):
    """A simulator that answers until it is closed."""

    def __init__(self, simulator: Simulator, port: int) -> None:
        self.simulator = simulator
        super().__init__(create_app(simulator), port)


def serve(simulator: Simulator, port: int = 0) -> RunningServer:
    """Put a simulator on 127.0.0.1, on a free port unless one is given."""
    return RunningServer(simulator, port)
