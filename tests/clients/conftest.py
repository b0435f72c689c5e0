"""Each client in a process of its own, all at once, each going through its scenarios one after the other."""

import ssl
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.clients.clients import CLIENTS
from tests.clients.lane import Lane, running
from tests.clients.scenarios.registry import Scenario
from tests.clients.scene import Scene, World
from tests.stack import Caller, Stack

Played = dict[tuple[str, str], "Future[str]"]
"""What came of each scenario, by its name and the client's."""


@pytest.fixture(scope="session")
def played(stack: Stack, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("clients")
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trust = folder / "trust.pem"
    trust.write_bytes(Path(stack.ready["ca_bundle"]).read_bytes() + authority.cert_pem.bytes())
    world = World(stack, context)
    found: Played = {}
    with ExitStack() as cleanup:
        for client, scenarios in _wanted(request.session).items():
            lane = cleanup.enter_context(running(CLIENTS[client], trust, folder))
            thread = ThreadPoolExecutor(1)
            cleanup.callback(thread.shutdown, wait=False, cancel_futures=True)
            for scenario in scenarios:
                found[scenario.name, client] = thread.submit(_play, scenario, client, lane, world)
        yield found


def _wanted(session: pytest.Session) -> dict[str, list[Scenario]]:
    """What was collected, by client, without clients that cannot run here."""
    found: dict[str, list[Scenario]] = {}
    for item in session.items:
        parameters: dict[str, Any] = item.callspec.params if hasattr(item, "callspec") else {}
        if "scenario" in parameters and not CLIENTS[parameters["client"]].missing:
            found.setdefault(parameters["client"], []).append(parameters["scenario"])
    return found


def _play(scenario: Scenario, client: str, lane: Lane, world: World) -> str:
    caller = Caller(world.stack, f"{scenario.name}-{client}")
    with caller.session:
        scene = Scene(world, client, lane, caller, prompt=f"{scenario.name} by {client}", at=world.origin)
        return scenario.play(scene)
