"""The local stack as a process of its own, with room for many at once, and what the machine says of it.

python -m bench.scale_stack READY_FILE SECONDS
"""

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from local.stack import ROOT, Ready, running, write_ready
from lumeo import clock
from lumeo.experience import experiences
from lumeo.prediction import Document, Handle, Phase, Prediction, Status, Upstream, Verdict

KNOWN = "sim/script"
"""The model of which it is known how long it takes: looks at it are insurance alone."""
START_SECONDS, END_SECONDS = 60, 30
LIMITS = {"REPLICATE_CREATES_PER_MINUTE": "60000", "CALLER_CREATES_PER_MINUTE": "60000"}
SWITCH_SECONDS = 0.02
"""How long one of thousands of threads may keep the interpreter."""
COLLECT_AT = (50_000, 20, 100)
"""New objects until the young are looked through for cycles, and so on: of a large heap by far most live."""
TAUGHT = 50


@dataclass(frozen=True, slots=True)
class Stack:
    """A running one."""

    ready: Ready
    pid: int

    @property
    def resident(self) -> int:
        """Bytes of memory that it holds."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    @property
    def busy(self) -> float:
        """Seconds of a core that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")")[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def started(seconds: float) -> Iterator[Stack]:
    """A stack that knows that `KNOWN` takes about so long."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ready.json"
        command = [sys.executable, "-m", "bench.scale_stack", str(path), str(seconds)]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)  # noqa: S603
        try:
            end = time.monotonic() + START_SECONDS
            while not path.exists():
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("the stack did not start")
                time.sleep(0.1)
            yield Stack(Ready(**json.loads(path.read_text())), process.pid)
        finally:
            try:
                process.communicate(timeout=END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def main() -> int:
    path, seconds = Path(sys.argv[1]), float(sys.argv[2])
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*COLLECT_AT)
    with running(log=path.with_suffix(".log")) as ready:
        os.environ.update(LIMITS)
        teach(seconds)
        gc.freeze()
        write_ready(ready, path)
        # Whoever started it closes its input, by ending too.
        sys.stdin.read()
    # Not the threads of runs that nobody waits for.
    os._exit(0)


def teach(seconds: float) -> None:
    """As so many predictions would have that took so long, give or take a third."""
    with clock.using(_Past()) as past:
        for n in range(TAUGHT):
            took = seconds * (0.67 + 0.66 * n / TAUGHT)
            began, ended = clock.later(-took), clock.stamp()
            upstream = Upstream(started_at=began, completed_at=ended)
            verdict = Verdict(Status.SUCCEEDED, ended)
            experiences().add(replace(LIKE, handle=Handle("", began), upstream=upstream, verdict=verdict))
            past.sleep(2)


class _Past:
    """A clock that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self._at = time.time() - 10 * TAUGHT

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._at, UTC)

    def sleep(self, seconds: float) -> None:
        self._at += seconds


_STAMP = "2026-01-01T00:00:00.000Z"
_FIELDS: dict[str, Any] = {
    "id": "0" * 26,
    "caller": "local",
    "created_at": _STAMP,
    "provider": "replicate",
    "model": KNOWN,
    "input": Document(json="{}"),
    "base_url": "",
    "outputs_id": "",
    "deadline": _STAMP,
    "run": "",
    "due_shard": 0,
    "due_at": None,
    "timeline": {},
}
LIKE = Prediction(
    **_FIELDS,
    phase=Phase.DONE,
    status=Status.SUCCEEDED,
    webhook=True,
    wakes=1,
)
"""One of the known model, but for when it began and ended."""


if __name__ == "__main__":
    sys.exit(main())
