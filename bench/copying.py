"""Outputs on their way from the provider to the bucket: how fast, and in how much memory."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import trustme

from bench.copying_plot import draw
from bench.report import ROOT, Figure, Goal, Part, Plot, Say, Table
from local.template import Template
from lumeo.items import pack, plain

MB = 1_000_000
GIB = 1024**3
DELAY = 0.03
ROUNDS = 2
SMALL, LARGE, HUGE, EIGHT = f"{8 * MB}+1", f"{100 * MB}+1", f"{GIB}+1", f"{30 * MB}+8"
NAMES = {
    "ours": "Lumeo",
    "put_object": "put_object(content)",
    "upload_fileobj": "upload_fileobj",
    "one_thread": "upload_fileobj, one thread",
    "smart_open": "smart_open",
    "temporary_file": "file, upload_file",
}
METHOD = f"""
A source on this machine sends pseudo-random bytes over HTTP; a sink speaks TLS and as much of S3 as throws them away.
Both are processes of their own, and need a part of the two cores. Each way runs in a fresh process, which has imported
the function and made its clients by copying 1,000 bytes: memory is the peak of its resident set above that. Ways took
turns, {ROUNDS} rounds of all but 1 GiB; speeds are medians, ratios medians of those within a round, memory is that of
the worst run. Lumeo runs what Finalize runs: it also computes the SHA-256 of every file and marks it in the record,
which the others are spared. Of eight files it has four under way at once, the others have a thread for each. In the
second setting S3 takes {1000 * DELAY:.0f} ms to answer.
"""
LIMIT = "the processor: the SHA-256 of every file, which only Lumeo computes, takes a quarter of a copy's time on it"

Run = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Runs:
    """What was measured in one setting: of each way, of each work, the runs in the order of the rounds."""

    setting: str
    runs: Mapping[str, Mapping[str, Sequence[Run]]]

    def speed(self, way: str, work: str) -> float:
        """Megabytes a second."""
        return median(_speed(run) for run in self.runs[way][work])

    def work(self, way: str, work: str) -> float:
        """Seconds of a processor for a gigabyte."""
        return median(float(1000 * run["cpu"] / (_speed(run) * run["seconds"])) for run in self.runs[way][work])

    def most(self, way: str, work: str, what: str) -> float:
        """MiB in the worst run."""
        return max(float(run[what]) for run in self.runs[way][work])

    def fastest(self, work: str) -> str:
        """Of the others."""
        return max((way for way in self.runs if way != "ours"), key=lambda way: self.speed(way, work))

    def ratio(self, work: str) -> float:
        """Ours to the fastest of the others."""
        pairs = zip(self.runs["ours"][work], self.runs[self.fastest(work)][work], strict=True)
        return median(_speed(one) / _speed(other) for one, other in pairs)


def measure(say: Say) -> Part:
    """Everything, in about two minutes."""
    settings = [_setting("at once", 0.0, [HUGE], say), _setting(f"after {1000 * DELAY:.0f} ms", DELAY, [], say)]
    fast, slow = settings
    draw("copying.svg", NAMES, [(each.setting, _points(each)) for each in settings])
    return Part(
        title="Copying",
        method=METHOD,
        figures=[*_speeds(fast, slow), *_memory(settings)],
        tables=[_table(each) for each in settings],
        plots=[Plot(file="copying.svg", caption="100 MB: throughput against added memory, up and left is better")],
        raw={each.setting: each.runs for each in settings},
    )


def _speeds(fast: Runs, slow: Runs) -> Iterator[Figure]:
    of_eight = "eight of 30 MB at once"
    for runs, work, name in (
        (fast, LARGE, "100 MB"),
        (slow, LARGE, "100 MB"),
        (fast, HUGE, "1 GiB"),
        (fast, EIGHT, of_eight),
        (slow, EIGHT, of_eight),
    ):
        yield Figure(
            name=f"throughput to the fastest other's, {name}, S3 answers {runs.setting} ({NAMES[runs.fastest(work)]})",
            value=runs.ratio(work),
            goal=Goal("at least", 0.9),
            limit=LIMIT,
        )


def _memory(settings: Sequence[Runs]) -> Iterator[Figure]:
    def most(work: str, what: str) -> float:
        return max(runs.most("ours", work, what) for runs in settings if work in runs.runs["ours"]) * 1024**2 / MB

    yield Figure(name="added memory, 1 GiB", value=most(HUGE, "added"), unit="MB", goal=Goal("at most", 32))
    yield Figure(name="added memory, eight at once", value=most(EIGHT, "added"), unit="MB", goal=Goal("at most", 96))
    whole = most(LARGE, "total")
    yield Figure(name="the whole process, 100 MB", value=whole, unit="MB", goal=Goal("at most", 256))


def _table(runs: Runs) -> Table:
    works = [work for work in (SMALL, LARGE, HUGE, EIGHT) if work in runs.runs["ours"]]
    names = {SMALL: "8 MB", LARGE: "100 MB", HUGE: "1 GiB", EIGHT: "8 × 30 MB"}

    def cell(way: str, work: str) -> str:
        added = runs.most(way, work, "added") * 1024**2 / MB
        return f"{runs.speed(way, work):.0f} MB/s, {runs.work(way, work):.1f} s/GB, +{added:.0f} MB"

    rows = [[NAMES[way], *(cell(way, work) for work in works)] for way in runs.runs]
    caption = f"Megabytes a second, seconds of a processor for a gigabyte, added memory; S3 answers {runs.setting}:"
    return Table(caption=caption, head=["", *(names[work] for work in works)], rows=rows)


def _points(runs: Runs) -> dict[str, tuple[float, float]]:
    """Of each way: megabytes that it added, and a second."""
    return {way: (runs.most(way, LARGE, "added") * 1024**2 / MB, runs.speed(way, LARGE)) for way in runs.runs}


def _setting(name: str, delay: float, once: Sequence[str], say: Say) -> Runs:
    runs: dict[str, dict[str, list[Run]]] = {way: {} for way in NAMES}
    with ends(delay) as (source, environment):

        def work(way: str, *works: str) -> None:
            command = [sys.executable, "-m", "bench.copying_ways", way, source, *works]
            told = subprocess.check_output(command, env=environment, cwd=ROOT, timeout=120)  # noqa: S603 (our own)
            for run in json.loads(told):
                runs[way].setdefault(run["work"], []).append(run)

        for n in range(ROUNDS):
            say(f"S3 answers {name}, round {n + 1} of {ROUNDS}")
            for way in NAMES:
                work(way, f"1x{SMALL}", f"1x{LARGE}", f"1x{EIGHT}")
        for way in NAMES if once else ():
            say(f"1 GiB: {NAMES[way]}")
            work(way, *(f"1x{each}" for each in once))
    return Runs(name, runs)


@contextmanager
def ends(delay: float) -> Iterator[tuple[str, dict[str, str]]]:
    """The source's URL, and the environment in which all of AWS is the sink."""
    from bench.copying_ways import record  # noqa: PLC0415 (it imports the function)

    with tempfile.TemporaryDirectory() as folder, ExitStack() as ends:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(f"{folder}/trusted.pem")
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(f"{folder}/sink.pem")
        Path(f"{folder}/item.json").write_text(json.dumps({"Attributes": pack({"pk": "bench", **plain(record())})}))
        source = f"http://127.0.0.1:{_end(ends, 'source')}"
        sink = f"https://127.0.0.1:{_end(ends, 'sink', f'{folder}/sink.pem', f'{folder}/item.json', str(delay))}"
        yield source, _environment(sink, f"{folder}/trusted.pem")


def _environment(sink: str, trusted: str) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **Template(ROOT / "template.yaml").functions()["FinalizeFunction"].environment,
        "AWS_ENDPOINT_URL": sink,
        "AWS_CA_BUNDLE": trusted,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
        "POWERTOOLS_METRICS_DISABLED": "true",
    }


def _end(ends: ExitStack, *arguments: str) -> str:
    """The port of one that was started."""
    command = [sys.executable, "-m", "bench.copying_ends", *arguments]
    process = ends.enter_context(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))  # noqa: S603
    ends.callback(process.kill)
    assert process.stdout
    return process.stdout.readline().strip()


def _speed(run: Run) -> float:
    size, _, files = run["work"].partition("+")
    return float(int(size) * int(files) / run["seconds"] / MB)
