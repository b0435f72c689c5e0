"""The examples of the README run, with the address, the model and the key of the stack here."""

import os
import re
import subprocess
import sys

import pytest

from tests.clients.clients import CLIENTS, ROOT
from tests.stack import Caller, Stack

README = (ROOT / "README.md").read_text()


SHOWN = {"python": "print(*output)", "js": "console.log(String(output))"}


def run(command: list[str], language: str, stack: Stack, **trust: str) -> str:
    """The output of the README's example, as text."""
    (code,) = re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    origin = stack.ready["api_url"].removesuffix("/v1")
    code, addresses = re.subn(r"https://….execute-api.us-east-1.amazonaws.com(/v1)?", origin + r"\1", code)
    code, models = re.subn("black-forest-labs/flux-schnell", "sim/image", code)
    assert (addresses, models) == (1, 1)
    made = subprocess.run(
        [*command, code + SHOWN[language]],
        cwd=ROOT / "tests/clients/js",
        env={"PATH": os.environ["PATH"], "LUMEO_API_KEY": Caller(stack, f"readme-{language}").key, **trust},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return made.stdout


@pytest.mark.skipif(CLIENTS["npm"].missing is not None, reason="needs node and npm")
def test_javascript(stack: Stack) -> None:
    node = ["node", "--input-type=module", "-e"]

    assert "/outputs/" in run(node, "js", stack, NODE_EXTRA_CA_CERTS=stack.ready["ca_bundle"])


def test_python(stack: Stack) -> None:
    assert "/outputs/" in run([sys.executable, "-c"], "python", stack, SSL_CERT_FILE=stack.ready["ca_bundle"])
