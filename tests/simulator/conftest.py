from collections.abc import Iterator

import pytest

from local.simulator import DEFAULT_TOKEN, Simulator, serve
from tests.simulator.caller import Caller, HandClock
from tests.simulator.post import Post


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def simulator(clock: HandClock) -> Simulator:
    """A fresh one, on the test's clock."""
    return Simulator(clock=clock)


@pytest.fixture
def post(simulator: Simulator, clock: HandClock) -> Post:
    """Who takes its webhooks to their receivers."""
    return Post(simulator, clock)


@pytest.fixture
def sim(simulator: Simulator) -> Iterator[Caller]:
    """A client of the fresh simulator."""
    with serve(simulator) as server:
        caller = Caller(server.url, DEFAULT_TOKEN)
        with caller.session:
            yield caller
