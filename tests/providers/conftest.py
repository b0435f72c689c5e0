"""Cases of declared providers: the real handlers and real HTTP, with the fixtures played behind it."""

from collections.abc import Iterator

import pytest
from pytest_socket import enable_socket
from werkzeug.wrappers import Request

from local.player import Player, play
from local.serving import Server
from tests.integration.conftest import (  # noqa: F401 (fixtures, for the tests here too)
    _same_clients,
    _this_machine_only,
    driver,
    lines,
    server,
)
from tests.integration.driver import Driver
from tests.providers.declared import fixture, good
from tests.providers.signing import Signatures

pytest.register_assert_rewrite("tests.providers.stage")

from tests.providers.stage import Stage  # noqa: E402 (its asserts are to be explained as those of tests)


@pytest.fixture(scope="session")
def players() -> Iterator[Player]:
    """All providers, behind one server for all tests."""
    enable_socket()
    with play({name: fixture(name) for name in good()}) as playing:
        yield playing


@pytest.fixture(scope="session")
def signatures() -> Iterator[Signatures]:
    """Who signs webhooks; its public key is behind a server of its own."""
    enable_socket()
    made = Signatures()
    with Server(Request.application(made.application)) as serving:
        made.url = serving.url
        yield made


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """Which provider; a case says so."""
    return str(request.param)


@pytest.fixture
def stage(
    name: str,
    driver: Driver,  # noqa: F811
    players: Player,
    lines: list[str],  # noqa: F811
    signatures: Signatures,
) -> Iterator[Stage]:
    """One provider with nothing submitted yet. Whatever the case does, its key stays where it belongs."""
    players.reset()
    made = Stage(name, driver, players, lines, signatures)
    made.accounts(default=made.account)
    yield made
    made.check_secrets()
