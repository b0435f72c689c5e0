"""`make key`: makes an API key, for the stack that runs on this machine or for one that is deployed."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.__main__ import READY_FILE
from local.template import REGION
from lumeo.keys import Keys


def main() -> int:
    options = _options()
    try:
        client, table = _deployed(options.stack) if options.stack else _local(options.ready_file)
        key = Keys(client, table).create(options.caller, options.name)
    except (BotoCoreError, ClientError, ValueError, FileNotFoundError) as error:
        print(f"No key was made: {error}", file=sys.stderr)
        return 1
    print(key)
    print(f"It belongs to {options.caller} and is not shown again: only its hash is stored.", file=sys.stderr)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.key", description=__doc__)
    parser.add_argument("--caller", required=True, help="whose key it is; keys of one caller see the same predictions")
    parser.add_argument("--name", default="", help="a note for people, such as the machine that uses it")
    parser.add_argument("--stack", help="name of a deployed stack; your AWS credentials are used")
    parser.add_argument(
        "--ready-file", type=Path, default=READY_FILE, help="of the running stack (default: %(default)s)"
    )
    return parser.parse_args()


def _local(ready_file: Path) -> tuple[Any, str]:
    if not ready_file.exists():
        raise FileNotFoundError("nothing runs here: start `make run`, or name a deployed stack (make key STACK=…)")
    ready = json.loads(ready_file.read_text())
    os.environ |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    client = boto3.client("dynamodb", endpoint_url=ready["aws_endpoint_url"], region_name=REGION)
    return client, ready["table_name"]


def _deployed(stack: str) -> tuple[Any, str]:
    found = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    if "TableName" not in outputs:
        raise ValueError(f"the stack {stack} has no output TableName: is it Lumeo's?")
    return boto3.client("dynamodb"), outputs["TableName"]


if __name__ == "__main__":
    sys.exit(main())
