"""Replicate's own clients, unchanged, with nothing but their base URL pointed at the stack."""

import pytest

from tests.clients import page
from tests.clients.clients import CLIENTS
from tests.clients.conftest import Played
from tests.clients.scenarios import SCENARIOS
from tests.clients.scenarios.registry import Scenario

ROWS = [scenario.title for scenario in SCENARIOS]
CELLS = [(scenario.title, client) for scenario in SCENARIOS for client in scenario.clients]
SEEN: dict[tuple[str, str], str] = {}


@pytest.mark.parametrize(
    ("scenario", "client"),
    [
        pytest.param(scenario, client, id=f"{scenario.name}-{client}")
        for scenario in SCENARIOS
        for client in scenario.clients
    ],
)
def test_scenario(played: Played, scenario: Scenario, client: str) -> None:
    """What its user gets is what the page says."""
    if CLIENTS[client].missing:
        pytest.skip(f"{CLIENTS[client].missing} is not on this machine")
    seen = played[scenario.name, client].result()
    SEEN[scenario.title, client] = seen

    assert page.WRITING or page.read().get((scenario.title, client)) == seen, "run `make compatibility`"


def test_the_page_has_each_scenario() -> None:
    """And nothing else. It is written here, when it is to be."""
    if page.WRITING:
        known = page.read() | SEEN
        page.write(ROWS, {cell: known[cell] for cell in CELLS if cell in known})

    assert list(page.read()) == [(row, client) for row in ROWS for client in CLIENTS]
    assert [cell for cell, said in page.read().items() if said != page.NOT_THERE] == CELLS
