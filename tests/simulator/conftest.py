from collections.abc import Iterator

import pytest

from local.simulator import DEFAULT_TOKEN, Simulator, serve
from tests.simulator.caller import Caller, HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def sim(clock: HandClock) -> Iterator[Caller]:
    """A client of a fresh simulator."""
    with serve(Simulator(clock=clock)) as server:
        caller = Caller(server.url, DEFAULT_TOKEN)
        with caller.session:
            yield caller
