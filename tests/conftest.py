"""Common to all tests: credentials that reach no account, a clock that a test owns, the template's table and bucket."""

import functools
import gc
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.core.botocore_stubber import BotocoreStubber

from local import quickness
from local.aws import distribution
from local.environment import variables
from local.template import Template
from lumeo import clock
from tests.backends import backends

pytest_plugins = ["tests.sharing", "tests.stack", "tests.summary"]

ROOT = Path(__file__).parent.parent
TOKEN = "r8_simulator00000000000000000000000000000000"  # pragma: allowlist secret
MASTER = "the-master-secret-of-tests"

quickness.requests()


def pytest_collection() -> None:
    """What is collected stays: to look through thousands of tests for garbage takes seconds, again and again."""
    gc.disable()


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


@functools.cache
def template() -> Template:
    """The template, read once."""
    return Template(ROOT / "template.yaml")


@functools.cache
def client(service: str) -> Any:
    """A client of one of moto's services, made once."""
    make: Any = boto3.client
    return make(service, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


_ANSWER = BotocoreStubber.__call__
_ONE_AT_A_TIME = threading.RLock()


def _answered(moto: BotocoreStubber, event_name: str, request: Any, **more: Any) -> Any:
    """Moto in this process: not safe under parallel writes, and without a notion of bytes that change."""
    if isinstance(request.body, bytearray):
        request.body = bytes(request.body)
    with _ONE_AT_A_TIME:
        return _ANSWER(moto, event_name, request, **more)


class TestClock:
    """Stands still unless it is told to pass; sleeping passes at once."""

    __test__ = False

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, 10, 0, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.passes(seconds)

    def passes(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def test_clock() -> Iterator[TestClock]:
    """Time as the test says."""
    with clock.using(TestClock()) as mine:
        assert isinstance(mine, TestClock)
        yield mine


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The functions' environment as the template gives it, and credentials that reach no account."""
    wanted: dict[str, str] = {}
    for function in template().functions().values():
        wanted |= function.environment
    wanted |= {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "PUBLIC_URL": "https://lumeo.test",
        "OUTPUTS_URL": "https://cdn.test",
        "CATALOGUE_FILE": str(ROOT / "local" / "catalogue.toml"),
        "POWERTOOLS_METRICS_DISABLED": "true",
    }
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    # By the patch that tests set theirs with: it undoes all in one order, and leaves nothing behind.
    for name, value in wanted.items():
        monkeypatch.setenv(name, value)
    with variables({}):
        yield wanted


@pytest.fixture
def cloud(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The template's table and bucket, a secret with a token, and a state machine that does nothing, in moto."""
    monkeypatch.setattr(BotocoreStubber, "__call__", _answered)
    with backends(_made) as distribution_id:
        os.environ["DISTRIBUTION_ID"] = distribution_id
        yield environment


def _made() -> str:
    for name, table in template().resources("AWS::DynamoDB::Table").items():
        wanted = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
        spec = {key: table[key] for key in wanted}
        client("dynamodb").create_table(TableName=template().name(name), **spec)
    client("s3").create_bucket(Bucket=os.environ["BUCKET_NAME"])
    client("secretsmanager").create_secret(
        Name=os.environ["PROVIDER_SECRET"], SecretString=f'{{"replicate": {{"default": "{TOKEN}"}}}}'
    )
    client("secretsmanager").create_secret(Name=os.environ["MASTER_SECRET"], SecretString=MASTER)
    client("stepfunctions").create_state_machine(
        name=os.environ["STATE_MACHINE_ARN"].rpartition(":")[2],
        definition='{"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}',
        roleArn="arn:aws:iam::123456789012:role/test",
    )
    return distribution(client("cloudfront"), template())
