"""As much of `sam deploy` as a deployment shows: notes what it was told, and makes a stack with outputs like ours."""

import json
import os
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import boto3

NOTES, OUTPUTS = Path(os.environ["SAM_NOTES"]), json.loads(os.environ["SAM_OUTPUTS"])

arguments = sys.argv[1:]
NOTES.write_text(json.dumps(arguments))
option = dict(pairwise(arguments))
section = tomllib.loads(Path(option["--config-file"]).read_text())[option["--config-env"]]["deploy"]["parameters"]
pairs = section["parameter_overrides"]
if "--parameter-overrides" in arguments:
    rest = arguments[arguments.index("--parameter-overrides") + 1 :]
    pairs = rest[: next((n for n, one in enumerate(rest) if one.startswith("--")), len(rest))]
given = dict(pair.split("=", 1) for pair in pairs)
sys.stdout.write("Deploying with following values\n")
sys.stdout.flush()
if "--fail" in arguments:
    sys.exit(3)
if "--hang" in arguments:
    os.execvp("sleep", ["sleep", "60"])
if "--decline" in arguments:
    sys.exit(0)
client = boto3.client("cloudformation", region_name=option["--region"])
client.create_stack(
    StackName=section["stack_name"],
    TemplateBody=json.dumps(
        {
            "Parameters": {name: {"Type": "String"} for name in given},
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
            "Outputs": {name: {"Value": value} for name, value in OUTPUTS.items()},
        }
    ),
    Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
)
