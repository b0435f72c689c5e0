"""Integration tests: the real handlers, AWS in this process, the simulator over real HTTP, the test's own clock."""

import functools
import logging
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.parameters.constants import DEFAULT_PROVIDERS
from aws_lambda_powertools.utilities.parameters.secrets import SecretsProvider
from pytest_socket import enable_socket, socket_allow_hosts

from local.contract import contract
from local.environment import variables
from local.functions import Functions
from local.gateway import Gateway
from local.serving import Server
from local.simulator import RunningServer, Simulator, serve
from local.simulator.world import HOUR
from lumeo import aws
from tests.conftest import TOKEN, TestClock, client, template
from tests.integration.driver import Driver, SimulatorClock
from tests.integration.invoking import invocations
from tests.integration.platform import Platform
from tests.integration.printing import Printed
from tests.integration.subscriber import Subscriber
from tests.world.logs import logged

_CLIENT = functools.cache(boto3.client)


@pytest.fixture(autouse=True)
def _this_machine_only(socket_enabled: None) -> None:
    socket_allow_hosts(["127.0.0.1"])


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    """One provider for all tests: each makes it forget the ones before."""
    enable_socket()
    with serve(Simulator(token=TOKEN)) as running:
        yield running


@pytest.fixture
def _same_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients of moto may serve all tests: making one reads megabytes of botocore's descriptions."""
    monkeypatch.setattr(boto3, "client", _CLIENT)


@pytest.fixture
def driver(
    cloud: dict[str, str], test_clock: TestClock, server: RunningServer, _same_clients: None
) -> Iterator[Driver]:
    """The application, with one caller, and a provider that starts from nothing."""
    simulator = server.simulator
    simulator.reset()
    simulator.retention = HOUR
    simulator.clock = simulator_clock = SimulatorClock(test_clock)
    functions = Functions(template().functions())
    with variables({"REPLICATE_BASE_URL": f"{server.url}/v1", "REPLICATE_OUTPUT_HOSTS": server.url}):
        DEFAULT_PROVIDERS["secrets"] = SecretsProvider(boto3_client=client("secretsmanager"))
        gateway = Gateway(template().routes(), functions, contract())
        with invocations() as asked:
            yield Driver(test_clock, simulator, simulator_clock, server.url, functions, gateway, asked)


@pytest.fixture
def platform(driver: Driver) -> Iterator[Platform]:
    """Step Functions' describe as the test says; all else of it is moto's."""
    found = Platform(driver)
    events: Any = aws.stepfunctions().meta.events
    events.register("before-call.sfn.DescribeExecution", found.describe)
    yield found
    events.unregister("before-call.sfn.DescribeExecution", found.describe)


@pytest.fixture
def subscriber(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Subscriber]:
    """An application on this machine that webhooks may be sent to."""
    told = Subscriber()
    with Server(told) as server:
        told.url = f"{server.url}/hook"
        monkeypatch.setenv("WEBHOOK_ORIGINS", server.url)
        yield told
        told.freed.set()
    faults = [contract().webhook_faults("prediction", one.headers, one.content) for one in told.told]
    assert [fault for fault in faults if fault] == []


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What is logged, line by line, with all that each line carries."""
    found: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(f"{record.levelname} {record.getMessage()} {record.__dict__}")

    kept = Kept()
    logging.getLogger("lumeo").addHandler(kept)
    yield found
    logging.getLogger("lumeo").removeHandler(kept)


@pytest.fixture
def printed(driver: Driver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Printed]:
    """What the functions print, metrics included."""
    del driver
    monkeypatch.delenv("POWERTOOLS_METRICS_DISABLED")
    lines: list[str] = []
    with logged(lines):
        yield Printed(capsys, lines)
