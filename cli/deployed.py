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

_LOGINS = (exceptions.SSOError, exceptions.TokenRetrievalError, exceptions.CredentialRetrievalError)


@contextmanager
def aws() -> Iterator[None]:
    """Says in a line what AWS, or the lack of credentials for it, has against a call. Raises CommandFailed."""
    try:
        yield
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
        raise CommandFailed(Code.NOT_ALLOWED, f"AWS: {error}", "`aws configure` or AWS_PROFILE says which.") from error
    except _LOGINS as error:
        raise CommandFailed(Code.NOT_ALLOWED, f"AWS: {error}", "`aws sso login`, or AWS_PROFILE.") from error
    except (exceptions.NoRegionError, exceptions.ProfileNotFound) as error:
        raise CommandFailed(Code.WRONG_USE, f"AWS: {error}", "AWS_REGION says where the stack is.") from error
    except exceptions.ClientError as error:
        code, said = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        refused = code in _REFUSALS
        raise CommandFailed(Code.NOT_ALLOWED if refused else Code.FAILED, f"AWS: {said or code}") from error
    except exceptions.BotoCoreError as error:
        raise CommandFailed(Code.UNREACHABLE, f"AWS: {error}") from error


def outputs(stack: str) -> dict[str, str]:
    """The outputs of a deployed stack of ours. Raises CommandFailed."""
    with aws():
        try:
            found = _client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
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
    stack = where.stack or (os.environ.get("LUMEO_STACK") if not where.ready_file else None)
    if stack:
        table = outputs(stack)["TableName"]
        with aws():
            return Keys(_client("dynamodb"), table)
    if where.url:
        hint = "Name its stack: --stack NAME or LUMEO_STACK, with AWS credentials."
        raise CommandFailed(Code.WRONG_USE, "Keys are not made by the API, but in its table.", hint)
    return Keys(*_local(ready(where.ready_file or READY_FILE)))


def _local(found: dict[str, Any]) -> tuple[Any, str]:
    client = _client(
        "dynamodb",
        endpoint_url=found["aws_endpoint_url"],
        region_name=REGION,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 (what moto takes)
    )
    return client, found["table_name"]


def _client(service: str, **more: Any) -> Any:
    # Of a session of its own: the default one would go on with the credentials that it found first.
    # botocore itself knows AWS_DEFAULT_REGION alone; AWS's own command line knows both, and so do its users.
    make: Any = boto3.Session(region_name=os.environ.get("AWS_REGION") or None).client
    return make(service, config=_CONFIG, **more)
