"""Files that are copied are never held in memory: measured on a process of its own, with sockets at both ends."""

import json
import subprocess
import sys

import pytest

from bench.copying import ends
from bench.report import ROOT

MB = 1_000_000


@pytest.mark.parametrize(
    ("size", "files", "most"),
    [
        pytest.param(96 * MB, 1, 32 * MB, id="one file"),
        pytest.param(24 * MB, 8, 96 * MB, id="eight at once"),
    ],
)
def test_copies_are_streamed(size: int, files: int, most: int) -> None:
    with ends(0) as (source, environment):
        command = [sys.executable, "-m", "bench.copying_ways", "ours", source, f"1x{size}+{files}"]
        (run,) = json.loads(subprocess.check_output(command, env=environment, cwd=ROOT, timeout=60))

    assert 1024**2 < run["added"] * 1024**2 < most
    assert run["total"] * 1024**2 < 256 * MB
