"""Starts of functions in fresh processes: of the built artifact, or else of the sources."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3

from bench import artifact
from bench.report import ROOT, Say
from local.sam import here

OURS = """
import json, sys, time
began = time.perf_counter()
import app
loaded = time.perf_counter()
from lumeo import aws
for name in json.loads(sys.argv[1]):
    getattr(aws, name)()
print(loaded - began, time.perf_counter() - loaded, time.process_time())
"""
THEIRS = """
import json, sys, time
began = time.perf_counter()
import boto3
loaded = time.perf_counter()
from botocore.config import Config
config = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})
for name in json.loads(sys.argv[1]):
    boto3.client(name, config=config)
print(loaded - began, time.perf_counter() - loaded, time.process_time())
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where functions are started: `paths` of what is ours with `{}` for the function, and of what Lambda brings."""

    where: str
    python: Path
    function: str
    ours: Path
    brought: Path
    layer: Path | None = None

    def run(
        self, code: str, name: str, clients: Sequence[str], *options: str, ours: Path | None
    ) -> subprocess.CompletedProcess[str]:
        """Start it as Lambda would: with our code, or, without `ours`, with what Lambda brings alone."""
        paths = [self.function.format(name, name.capitalize()), str(ours), str(self.brought)]
        environment = {
            "PYTHONPATH": os.pathsep.join(paths if ours else paths[-1:]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
        }
        asked = [str(self.python), "-S", *options, "-c", code, json.dumps(clients)]
        return subprocess.run(asked, env=environment, capture_output=True, text=True, check=True)  # noqa: S603 (our own)


@contextmanager
def place(say: Say) -> Iterator[Place]:
    """The built artifact under Lambda's Python; where one of them is not to be had, the sources under this one."""
    python = artifact.runtime()
    if python is None or not artifact.SAM.exists():
        yield Place(
            f"**Not the built artifact**, which needs Python 3.13 and SAM: the sources, under Python {sys.version[:6]}",
            Path(sys.executable),
            str(ROOT / "functions" / "{}"),
            ROOT / "layers" / "lumeo",
            Path(boto3.__file__).parents[1],
        )
        return
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        say("make build")
        built = artifact.build(folder, here())
        layer = built / "LumeoLayer"
        yield Place(
            f"What `make build` makes (for {here()}), under Python 3.13 with boto3 as Lambda brings it",
            python,
            str(built / "{1}Function"),
            layer / "python",
            artifact.brought(folder / "runtime", python),
            layer,
        )
