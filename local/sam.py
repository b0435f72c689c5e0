"""What `sam local` needs to run the built functions in containers, against the stack on this machine.

SAM CLI hands a function those variables alone that its template names, and the owner's own AWS credentials. So the
template that it gets is ours, with where AWS is and credentials that reach no account among its variables.
"""

import json
import os
import platform
from pathlib import Path
from typing import Any

from local.serving import HOST
from local.template import Template

ROOT = Path(__file__).parent.parent
CONTAINERS_CALL = "host.docker.internal"
"""What containers call the machine that they run on: Docker Desktop says so."""
BUILD = ROOT / ".aws-sam" / "here"
"""What is built for this machine's processor."""
OF_AWS = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
NO_TOKEN = {"AWS_SESSION_TOKEN": ""}
"""The owner's would be handed on, too."""
_PLACES = ("AWS_ENDPOINT_URL", "REPLICATE_BASE_URL", "REPLICATE_OUTPUT_HOSTS", "WEBHOOK_ORIGINS")
"""What functions reach on this machine. PUBLIC_URL and OUTPUTS_URL are for callers."""


def here() -> str:
    """Lambda's word for this machine's processor."""
    return {"AMD64": "x86_64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def environments(template: Template, machine: str = HOST) -> dict[str, dict[str, str]]:
    """The variables of each function, by its logical id, as the stack in this process runs.

    `machine`: what the functions call this machine.
    """
    found = {}
    for name, function in template.functions().items():
        values = {variable: os.environ[variable] for variable in (*function.environment, *OF_AWS)}
        # Where the layer has it, which is not where the sources do.
        values["CATALOGUE_FILE"] = function.environment["CATALOGUE_FILE"]
        values |= {variable: values[variable].replace(HOST, machine) for variable in _PLACES}
        found[name] = values | NO_TOKEN
    return found


def described(template: Template, build: Path = BUILD) -> dict[str, Any]:
    """The template for `sam local`: what was built for this machine, with room for all variables."""
    body = template.source()
    body["Parameters"]["Architecture"]["Default"] = here()
    body["Globals"]["Function"]["Environment"]["Variables"] |= dict.fromkeys((*OF_AWS, *NO_TOKEN), "")
    folders = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
    for name, resource in body["Resources"].items():
        if resource["Type"] in folders:
            resource["Properties"][folders[resource["Type"]]] = str(build / name)
    return body


def write(folder: Path, machine: str) -> tuple[Path, Path]:
    """Write `env.json` and `template.json` for the stack in this process; where they are.

    `machine`: what containers call this one.
    """
    template = Template(ROOT / "template.yaml")
    folder.mkdir(parents=True, exist_ok=True)
    files = folder / "env.json", folder / "template.json"
    for path, content in zip(files, (environments(template, machine), described(template)), strict=True):
        path.write_text(json.dumps(content, indent=2) + "\n")
    return files
