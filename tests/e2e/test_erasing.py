"""What docs/operations.md says about a caller's data: its program leaves nothing behind."""

import os
import subprocess
import sys
from pathlib import Path

from tests.stack import Caller, Stack
from tests.unit.test_operations import PROGRAMS


def erase(stack: Stack, caller: Caller, folder: Path) -> str:
    program = folder / "erase.py"
    program.write_text(PROGRAMS["erase"])
    done = subprocess.run(
        [sys.executable, str(program)],
        env={
            **os.environ,
            "LUMEO_API": stack.ready["api_url"],
            "LUMEO_API_KEY": caller.key,
            "SSL_CERT_FILE": stack.ready["ca_bundle"],
            "no_proxy": "*",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_of_a_caller_is_left(stack: Stack, caller: Caller, tmp_path: Path) -> None:
    over = caller.ended(caller.submit("sim/one", prompt="over")["id"])
    running = caller.submit("sim/stuck", prompt="running")["id"]
    caller.call("POST", "/files", files={"content": ("a.txt", b"a", "text/plain")})
    first = erase(stack, caller, tmp_path)
    caller.ended(running)
    last = erase(stack, caller, tmp_path)

    assert first in {"0 still run\n", "1 still run\n"}
    assert last == "0 still run\n"
    shown = [caller.get(prediction_id) for prediction_id in (over["id"], running)]
    assert [(one["input"], one["output"], one["data_removed"]) for one in shown] == [({}, None, True)] * 2
    assert caller.call("GET", "/files").json()["results"] == []
    assert caller.call("GET", over["output"]).status_code == 403
