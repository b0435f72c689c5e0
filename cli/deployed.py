"""What only AWS knows: a stack's outputs, and the table with the keys."""

import os
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore import exceptions
from botocore.config import Config

from cli.codes import Code, CommandFailed
from cli.place import named, ready
from local import READY_FILE
from lumeo.keys import Keys

REGION = "us-east-1"
"""Of the stack on this machine, whose tables ask for no account."""
_CONFIG = Config(connect_timeout=4, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 4})
_REFUSALS = {
    *("AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"),
    *("InvalidSignatureException", "SignatureDoesNotMatch", "UnrecognizedClientException"),
}
_BUSY = {
    *("Throttling", "ThrottlingException", "RequestLimitExceeded", "ProvisionedThroughputExceededException"),
    *("TooManyRequestsException", "RequestThrottled"),
}
_LOGINS = (
    *(exceptions.SSOError, exceptions.LoginError, exceptions.TokenRetrievalError),
    # The latter: boto3 reads what `aws login` leaves only with a library beside it.
    *(exceptions.CredentialRetrievalError, exceptions.MissingDependencyException),
)
_SESSION = (
    "`aws sso login` or `aws login` begins another session; AWS_PROFILE says whose. Its credentials are handed over by",
    '  eval "$(aws configure export-credentials --format env)"',
)


@contextmanager
def aws() -> Iterator[None]:
    """Says in a line what AWS, or the lack of credentials for it, has against a call. Raises CommandFailed."""
    try:
        yield
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
        raise CommandFailed(Code.NOT_ALLOWED, f"AWS: {error}", "`aws configure` or AWS_PROFILE says which.") from error
    except _LOGINS as error:
        raise CommandFailed(Code.NOT_ALLOWED, f"AWS: {error}", *_SESSION) from error
    except (exceptions.NoRegionError, exceptions.ProfileNotFound) as error:
        raise CommandFailed(Code.WRONG_USE, f"AWS: {error}", "AWS_REGION says where the stack is.") from error
    except exceptions.ClientError as error:
        said = error.response["Error"]
        raise CommandFailed(_code(error), f"AWS: {said.get('Message') or said['Code']}") from error
    except exceptions.BotoCoreError as error:
        raise CommandFailed(Code.UNREACHABLE, f"AWS: {error}") from error


def _code(error: exceptions.ClientError) -> Code:
    code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    if code in _BUSY or status >= 500:
        return Code.UNREACHABLE
    return Code.NOT_ALLOWED if code in _REFUSALS else Code.FAILED


def outputs(stack: str) -> dict[str, str]:
    """The outputs of a deployed stack of ours. Raises CommandFailed."""
    with aws():
        try:
            found = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        except exceptions.ClientError as error:
            if "does not exist" not in str(error):
                raise
            hint = "AWS_REGION and AWS_PROFILE say where it is looked for."
            raise CommandFailed(Code.NOT_FOUND, f"There is no stack {stack}.", hint) from error
    said = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    if not {"ApiUrl", "TableName"} <= said.keys():
        raise CommandFailed(Code.NOT_FOUND, f"The stack {stack} has no outputs ApiUrl and TableName: is it Lumeo's?")
    return said


def keys(options: Namespace) -> Keys:
    """The keys of the stack that is meant. Raises CommandFailed where only an address was said."""
    where = named(options)
    if where.stack:
        table = outputs(where.stack)["TableName"]
        with aws():
            return Keys(client("dynamodb"), table)
    if where.url:
        hint = "Name its stack instead, with AWS credentials: --stack NAME. Beside LUMEO_URL, LUMEO_STACK will do."
        raise CommandFailed(Code.WRONG_USE, "Keys are not made by the API, but in its table.", hint)
    return Keys(*_local(ready(where.ready_file or READY_FILE)))


def _local(found: dict[str, Any]) -> tuple[Any, str]:
    made = client(
        "dynamodb",
        endpoint_url=found["aws_endpoint_url"],
        region_name=REGION,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 (what moto takes)
    )
    return made, found["table_name"]


def client(service: str, **more: Any) -> Any:
    """A client of a service of AWS, for whoever types and where the environment says."""
    # Of a session of its own: the default one would go on with the credentials that it found first.
    # botocore itself knows AWS_DEFAULT_REGION alone; AWS's own command line knows both, and so do its users.
    make: Any = boto3.Session(region_name=os.environ.get("AWS_REGION") or None).client
    return make(service, config=_CONFIG, **more)
