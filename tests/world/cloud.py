"""AWS in this process: botocore's clients as the functions use them, moto behind them, the seam in between.

Where a request would go out to the network, it passes the seam, and moto answers it. Errors that a test puts there are
seen, and retried, by the SDK as those of AWS would be.
"""

import functools
import json
import re
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast
from unittest import mock

import boto3
from aws_lambda_powertools.utilities.parameters.secrets import SecretsProvider
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.retries import quota
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.responses import DynamoHandler
from moto.s3.models import s3_backends

from local.aws import distribution
from local.template import ACCOUNT, REGION, Template
from tests.world.calls import AWS_SECONDS, Call, Refusal, Seam
from tests.world.definition import Failed

Answer = tuple[int, dict[str, Any]]

SERVICES = {"dynamodb": "dynamodb", "s3": "s3", "secrets-manager": "secretsmanager", "sfn": "states"}
_PLAIN = {"GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}
READS = {
    *("GetItem", "BatchGetItem", "Query", "Scan"),
    *("GetObject", "HeadObject", "ListObjectsV2"),
    *("GetSecretValue", "DescribeExecution"),
}
_ONE_ATTEMPT = Config(retries={"mode": "standard", "total_max_attempts": 1})
_MAKE = boto3.client
_quotas: list[quota.RetryQuota] = []


class Cloud:
    """What answers the requests of every client."""

    current: "Cloud | None" = None
    acting = False
    """Whether moto is at work."""

    def __init__(
        self, seam: Seam, states: Callable[[str, dict[str, Any]], Answer], start: Callable[[str, Any], object]
    ) -> None:
        self._seam = seam
        self._states = states
        self._start = start

    def send(self, request: Any, event_name: str, **_: Any) -> AWSResponse:
        """What botocore calls in order to send a request, each attempt anew."""
        service, operation = event_name.split(".")[1:]
        if self._seam.hub.task is None:
            return self._act(request, event_name, service, operation)
        call = _call_of(SERVICES.get(service, service), operation, request)
        said = self._seam.before(call, AWS_SECONDS)
        answer = None if said else self._act(request, event_name, service, operation)
        outcome = str(answer.status_code) if answer else _named(said)
        said = self._seam.after(call, outcome, AWS_SECONDS) or said
        if isinstance(said, Exception):
            raise said
        return _refused(request, service, said) if said else cast("AWSResponse", answer)

    def _act(self, request: Any, event_name: str, service: str, operation: str) -> AWSResponse:
        if service == "sfn":
            status, answer = self._states(operation, json.loads(request.body))
            return _response(request, status, json.dumps(answer))
        if service == "lambda":
            return self._invoked(request)
        if isinstance(request.body, bytearray):  # which moto does not know
            request.body = bytes(request.body)
        Cloud.acting = True
        try:
            return cast("AWSResponse", botocore_stubber(event_name, request))
        finally:
            Cloud.acting = False

    def _invoked(self, request: Any) -> AWSResponse:
        """Functions start one another, and wait for nothing."""
        if request.headers["X-Amz-Invocation-Type"] != b"Event":
            raise NotImplementedError("a function that waits for another: teach it here")
        self._start(_named_in(request.url), json.loads(request.body))
        return _response(request, 202, "")


def client(service: str, config: Config | None = None, **_: Any) -> Any:
    """In the place of boto3.client: made once, since making one reads megabytes of botocore's descriptions."""
    return _client(service, config)


@functools.cache
def _client(service: str, config: Config | None) -> Any:
    made = _with_known_quota(lambda: _MAKE(cast("Any", service), config=config, region_name=REGION))
    # botocore asks all who are there, and takes the first answer: moto must not act by itself too.
    made.meta.events.unregister("before-send", botocore_stubber)
    made.meta.events.register("before-send.*", _send)
    return made


def update_item(request: dict[str, Any]) -> Any:
    """The state machine's own call to the table. Raises Failed, with the error's name as histories have it."""
    try:
        answer = client("dynamodb", _ONE_ATTEMPT).update_item(**request)
    except ClientError as error:
        code = error.response["Error"]["Code"].removesuffix("Exception")
        raise Failed(f"DynamoDb.{code}Exception", error.response["Error"]["Message"]) from error
    except BotoCoreError as error:
        raise Failed("DynamoDb.SdkClientException", type(error).__name__) from error
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


@functools.cache
def secrets_provider() -> SecretsProvider:
    """Powertools' own way to the secrets, made once, since each adds its handlers to the client."""
    return SecretsProvider(boto3_client=client("secretsmanager"))


def forget_retries() -> None:
    """Clients give up repeating after many errors; a new world begins without the errors of the one before."""
    known: Any
    for known in _quotas:
        known._available_capacity = known._max_capacity


@contextmanager
def quick() -> Iterator[None]:
    """Run a block in which moto writes the table's answers as the JSON that they are already.

    It would look up every value by every name that its shape might have: half of the time of all that is done here.
    """
    original = DynamoHandler.serialized

    def written(self: Any, answer: Any) -> Any:
        if not isinstance(answer.result, dict) or self._get_action() not in _PLAIN:
            return original(self, answer)
        headers = {"Content-Type": "application/x-amz-json-1.0", **self.response_headers}
        return 200, headers, json.dumps(answer.result)

    with mock.patch.object(DynamoHandler, "serialized", written):
        yield


def create(template: Template, secrets: Mapping[str, str]) -> str:
    """Make the tables, buckets, secrets and the CDN of the template, whose id is returned."""
    wanted = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    for name, table in template.resources("AWS::DynamoDB::Table").items():
        client("dynamodb").create_table(TableName=template.name(name), **{key: table[key] for key in wanted})
    for name in template.resources("AWS::S3::Bucket"):
        client("s3").create_bucket(Bucket=template.name(name))
    for name, text in secrets.items():
        client("secretsmanager").create_secret(Name=template.name(name), SecretString=text)
    return distribution(client("cloudfront"), template)


def items(table: str) -> Iterator[dict[str, Any]]:
    """Every item of a table, in DynamoDB's notation, read past every seam."""
    for item in dynamodb_backends[ACCOUNT][REGION].tables[table].all_items():
        yield item.to_json()["Attributes"]


def put(bucket: str, key: str, content: bytes) -> None:
    """Put an object into a bucket, past every seam."""
    s3_backends[ACCOUNT]["aws"].put_object(bucket, key, content)


def _send(request: Any, event_name: str, **_: Any) -> AWSResponse | None:
    if Cloud.current:
        return Cloud.current.send(request, event_name)
    return botocore_stubber(event_name, request)


def _with_known_quota(make: Callable[[], Any]) -> Any:
    original = quota.RetryQuota

    def known(*args: Any, **options: Any) -> quota.RetryQuota:
        _quotas.append(original(*args, **options))
        return _quotas[-1]

    quota.RetryQuota = known  # type: ignore[assignment,misc]
    try:
        return make()
    finally:
        quota.RetryQuota = original  # type: ignore[misc]


def _call_of(service: str, operation: str, request: Any) -> Call:
    body: dict[str, Any] = {}
    if service == "s3":
        touched: tuple[str, ...] = (_touched_in_s3(operation, request.url),)
    elif service == "cloudfront":
        touched = ("distribution",)
    elif service == "lambda":
        body = json.loads(request.body)
        touched = (_named_in(request.url),)
    else:
        body = json.loads(request.body)
        touched = tuple(_touched(operation, body))
    return Call("", service, operation, touched, writes=operation not in READS, request=body)


def _touched(operation: str, body: Mapping[str, Any]) -> Iterator[str]:
    if operation == "TransactWriteItems":
        for item in body["TransactItems"]:
            ((_, write),) = item.items()
            yield from _touched("", write)
    elif operation in {"Query", "Scan", "BatchGetItem"}:
        yield "*"
    elif "Key" in body or "Item" in body:
        yield (body.get("Key") or body["Item"])["pk"]["S"]
    else:
        named = (body.get(name) for name in ("SecretId", "name", "executionArn", "taskToken"))
        yield from (re.sub(r".*:", "", str(name)) for name in named if name)


def _touched_in_s3(operation: str, url: str) -> str:
    """The object; of what is done to several at once, that it may be any."""
    many = operation in {"ListObjectsV2", "DeleteObjects"}
    return "*" if many else urllib.parse.unquote(urllib.parse.urlsplit(url).path.strip("/"))


def _named_in(url: str) -> str:
    """The function that an invocation starts."""
    return urllib.parse.unquote(urllib.parse.urlsplit(url).path).split("/")[-2].rpartition(":")[2]


def _named(said: Refusal | Exception | None) -> str:
    return said.code if isinstance(said, Refusal) else type(said).__name__


def _refused(request: Any, service: str, refusal: Refusal) -> AWSResponse:
    if service == "s3":
        text = f"<Error><Code>{refusal.code}</Code><Message>{refusal.message}</Message></Error>"
    elif service == "cloudfront":
        text = (
            f"<ErrorResponse><Error><Code>{refusal.code}</Code><Message>{refusal.message}</Message></Error>"
            "<RequestId>test</RequestId></ErrorResponse>"
        )
    else:
        text = json.dumps(
            {"__type": refusal.code, "message": refusal.message, "Message": refusal.message, **refusal.more}
        )
    return _response(request, refusal.status, text)


def _response(request: Any, status: int, text: str) -> AWSResponse:
    headers: Any = {"x-amzn-requestid": "test"}
    return AWSResponse(request.url, status, headers, cast("Any", MockRawResponse(text)))
