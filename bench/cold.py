"""Cold starts: what a function loads and makes before its first call of AWS, against boto3 with the same clients."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import artifact
from bench.cold_starts import OURS, THEIRS, Place
from bench.cold_starts import place as started_in
from bench.report import Figure, Goal, Part, Say, Table

ROUNDS = 7
CLIENTS: Mapping[str, Sequence[str]] = {
    "announce": ("dynamodb", "secretsmanager"),
    "cancel": ("dynamodb", "secretsmanager", "stepfunctions"),
    "create": ("dynamodb", "secretsmanager"),
    "delete": ("dynamodb", "s3", "cloudfront"),
    "files": ("dynamodb", "s3"),
    "finalize": ("dynamodb", "s3", "secretsmanager"),
    "models": ("dynamodb", "secretsmanager"),
    "read": ("dynamodb",),
    "status": ("dynamodb", "secretsmanager"),
    "submit": ("dynamodb", "stepfunctions"),
    "sweep": ("dynamodb", "stepfunctions"),
    "webhook": ("dynamodb", "secretsmanager", "stepfunctions"),
}
"""What a function makes clients of until it has done its work once."""
NOT_COMPILED = ("create", "submit")

METHOD = """
{where}. Each start is a fresh process, without bytecode written; wall-clock time of `import app` and of the clients
that the function makes until it has done its work once, against `import boto3` and the same clients. The two took
turns, {rounds} rounds of all functions; times are the least of them, since what else a machine does only adds, and
ratios those of the least. That of CPU time, which is what Lambda gives less of, has the interpreter's own start on both
sides. *Beside boto3* is by `-X importtime`,
the least of three starts: milliseconds of the modules themselves that `import boto3` does not load. Layer and functions
are compiled by `make build`: their disk is read-only in Lambda, and SAM's archives have no times by which Python would
know that a module's bytecode is current, so that all would be compiled again at every start.
"""


@dataclass(frozen=True, slots=True)
class Starts:
    """Seconds of starts, in turns: import, clients, and CPU time of all, of ours and of boto3 alone."""

    ours: list[tuple[float, ...]]
    theirs: list[tuple[float, ...]]

    @property
    def ratio(self) -> float:
        return min(sum(mine[:2]) for mine in self.ours) / min(sum(bare[:2]) for bare in self.theirs)

    @property
    def ratio_of_cpu(self) -> float:
        return min(mine[2] for mine in self.ours) / min(bare[2] for bare in self.theirs)

    def row(self) -> list[float]:
        """Milliseconds: import and clients, ours and theirs; and the ratios."""
        times = [1000 * min(start[n] for start in starts) for starts in (self.ours, self.theirs) for n in (0, 1)]
        return [*times, self.ratio, self.ratio_of_cpu]


def measure(say: Say) -> Part:
    with started_in(say) as place:
        starts = _starts(place, CLIENTS, place.ours, say)
        say("what they load")
        bare = set(_modules(place.run("import boto3", "read", [], "-X", "importtime", ours=None).stderr))
        rows: list[list[str | float]] = [
            [name, *found.row(), _beside(place, name, bare)] for name, found in starts.items()
        ]
        figures = [_worst(starts)]
        if place.layer:
            say("the layer: its size, and what starts would take without its bytecode")
            figures += _layer(place, place.layer, say)
    head = [
        "function",
        "import, ms",
        "clients, ms",
        "boto3, ms",
        "its clients, ms",
        "ratio",
        "of CPU",
        "beside boto3, ms",
    ]
    return Part(
        title="Cold starts",
        method=METHOD.format(where=place.where, rounds=ROUNDS),
        figures=figures,
        tables=[Table(caption="Each function.", head=head, rows=rows)],
        raw={name: {"ours": found.ours, "boto3": found.theirs} for name, found in starts.items()},
    )


def _starts(place: Place, names: Iterable[str], ours: Path, say: Say) -> dict[str, Starts]:
    """A function's turns far apart, so that a moment in which the machine is busy with others is not all of them."""
    found = {name: Starts([], []) for name in names}
    # The first of each reads from the disk.
    for turn in range(ROUNDS + 1):
        for name, starts in found.items():
            mine, bare = (
                _seconds(place.run(code, name, CLIENTS[name], ours=at)) for code, at in ((OURS, ours), (THEIRS, None))
            )
            if turn:
                starts.ours.append(mine)
                starts.theirs.append(bare)
        if turn:
            say(f"round {turn} of {ROUNDS}")
    return found


def _seconds(ended: subprocess.CompletedProcess[str]) -> tuple[float, ...]:
    return tuple(map(float, ended.stdout.split()))


def _beside(place: Place, name: str, bare: set[str]) -> str:
    """What a function loads that boto3 does not, by package."""
    starts = [_modules(place.run("import app", name, [], "-X", "importtime", ours=place.ours).stderr) for _ in range(3)]
    mine = {module: min(start[module] for start in starts) for module in starts[0]}
    spent: dict[str, float] = {}
    for module in mine.keys() - bare:
        top = module.partition(".")[0]
        package = "standard library" if top in sys.stdlib_module_names else top
        spent[package] = spent.get(package, 0) + mine[module]
    most = sorted(spent.items(), key=lambda found: -found[1])
    return ", ".join(f"{package} {took:.0f}" for package, took in most if took >= 1)


def _modules(importtime: str) -> dict[str, float]:
    """Milliseconds that each module took itself."""
    return {line[2]: int(line[1]) / 1000 for line in re.finditer(r"import time: +(\d+) \| +\d+ \| +(\S+)", importtime)}


def _worst(starts: Mapping[str, Starts]) -> Figure:
    name, found = max(starts.items(), key=lambda each: each[1].ratio)
    limit = f"{found.ratio_of_cpu:.2f} × by CPU time; what it loads beside boto3 is in the table"
    called = f"slowest start ({name}), over `import boto3` and the same clients"
    return Figure(name=called, value=found.ratio, unit="×", goal=Goal("at most", 1.35), limit=limit)


def _layer(place: Place, layer: Path, say: Say) -> list[Figure]:
    bare = layer.parent / "bare"
    shutil.copytree(layer, bare, ignore=shutil.ignore_patterns("__pycache__"))
    size = artifact.zipped(layer, layer.parent / "layer.zip") / 1e6
    slow = {name: found.ratio for name, found in _starts(place, NOT_COMPILED, bare / "python", say).items()}
    return [
        Figure(name="the layer, zipped", value=size, unit="MB", goal=Goal("at most", 10)),
        *(Figure(name=f"{name}, were the layer not compiled", value=each, unit="×") for name, each in slow.items()),
    ]
