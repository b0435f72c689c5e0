"""A Replicate to test against. See README.md, its contract."""

from local.simulator.letters import Delivery
from local.simulator.server import RunningServer, serve
from local.simulator.world import DEFAULT_TOKEN, Simulator

__all__ = ["DEFAULT_TOKEN", "Delivery", "RunningServer", "Simulator", "serve"]
