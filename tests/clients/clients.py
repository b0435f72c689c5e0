"""The clients: the columns of the page, each a program that does as it is told."""

import json
import re
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAMS = "tests.clients.programs"
LOCKED = re.compile(r"^replicate==(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Client:
    """What a client is called on the page, and the command of its program.

    `set_up` is what `make test` makes first, where a client has an environment of its own; `needs` what it cannot make.
    """

    title: str
    command: tuple[str, ...]
    set_up: str = ""
    needs: tuple[str, ...] = ()

    @property
    def missing(self) -> str | None:
        """What it needs and this machine does not have."""
        return next((name for name in self.needs if shutil.which(name) is None), None)


def _second_generation() -> str:
    (found,) = LOCKED.findall((ROOT / "requirements-replicate2.txt").read_text())
    return str(found)


def _nodes() -> str:
    package = json.loads((ROOT / "tests/clients/js/package.json").read_text())
    return str(package["dependencies"]["replicate"])


CLIENTS = {
    "py1": Client(f"PyPI `replicate` {version('replicate')}", (sys.executable, "-m", f"{PROGRAMS}.py1")),
    "py2": Client(
        f"PyPI `replicate` {_second_generation()}",
        (".venv-replicate2/bin/python", "-m", f"{PROGRAMS}.py2"),
        set_up=".venv-replicate2/ready",
    ),
    "npm": Client(
        f"npm `replicate` {_nodes()}",
        ("node", "tests/clients/js/client.mjs"),
        set_up="tests/clients/js/node_modules/ready",
        needs=("node", "npm"),
    ),
    "loop": Client("a loop of one's own", (sys.executable, "-m", f"{PROGRAMS}.loop")),
    "curl": Client("`curl`", (sys.executable, "-m", f"{PROGRAMS}.curl")),
}
