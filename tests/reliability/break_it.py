"""Takes out of a copy of the project, one at a time, what its promises rest on: `python -m tests.reliability.break_it`.

Prints which tests turn red each time, and ends with 1 if any stay green: then they prove nothing. `--only WORD`: some.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
ORDERS = "tests/reliability/test_interleavings.py"
CALLER = "tests/reliability/test_caller.py"
STEPS = "layers/lumeo/lumeo/steps"
STORE = "layers/lumeo/lumeo/store.py"
AT_ONCE = 2
SECONDS = 300


@dataclass(frozen=True, slots=True)
class Break:
    """`edits`: file, what stands there, what stands there instead. `tests`: pytest's arguments."""

    what: str
    tests: tuple[str, ...]
    edits: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Result:
    what: str
    red: tuple[str, ...]
    first: str
    output: str


def _orders(*names: str) -> tuple[str, ...]:
    return (ORDERS, "-k", f"test_every_order and ({' or '.join(names)})")


BREAKS = (
    Break(
        "the intent's condition",
        _orders("(two and creates)", "(cancel and create)"),
        (
            (
                STORE,
                '_into(Phase.SENDING) & _fence(run) & Attr("cancel_requested").not_exists(),',
                "_fence(run),",
            ),
        ),
    ),
    Break(
        "the verdict's condition",
        _orders("status", "finalize"),
        (
            (
                STORE,
                '_into(Phase.SETTLED) & _fence(run) & Attr("verdict").not_exists(),',
                "_fence(run),",
            ),
        ),
    ),
    Break(
        "the condition of withdraw",
        _orders("cancel"),
        ((STORE, '_in(phase) & Attr("verdict").not_exists(), ending)', 'Attr("pk").exists(), ending)'),),
    ),
    Break(
        "the wait's condition on wakes",
        _orders("park"),
        (("statemachine/prediction.asl.yaml", "AND wakes = :wakes", "AND wakes >= :wakes"),),
    ),
    Break(
        "the fence of runs, at every write",
        ("tests/unit/test_store.py", "tests/integration/test_runs.py", "tests/integration/test_search.py"),
        ((STORE, 'return Attr("run").eq(run)', 'return Attr("run").exists()'),),
    ),
    Break(
        "the fence of runs, at every step",
        ("tests/integration/test_runs.py",),
        ((f"{STEPS}/next.py", "or prediction.run != run ", ""),),
    ),
    Break(
        "the handle's own item",
        ("tests/integration/test_search.py", "tests/integration/test_create.py", "tests/unit/test_store.py"),
        (
            (
                STORE,
                'items = {"TransactItems": [{"Update": update}, {"Put": put}]}',
                'items = {"TransactItems": [{"Update": update}]}',
            ),
        ),
    ),
    Break(
        "the rule of absence",
        _orders("search"),
        (
            (f"{STEPS}/search.py", "    if now < listed:\n", '    if now < "":\n'),
            (f"{STEPS}/search.py", "    if intent.absent_at is None:\n", '    if intent.absent_at == "":\n'),
            (
                f"{STEPS}/search.py",
                "clock.seconds_between(intent.absent_at, now)",
                "clock.seconds_between(intent.absent_at or intent.at, now) - AGAIN_SECONDS",
            ),
        ),
    ),
    Break(
        "the wish that create sees",
        ("tests/integration/test_cancel.py", "tests/integration/test_create.py", "tests/integration/test_search.py"),
        ((f"{STEPS}/own.py", "if owned.cancel_requested and not owned.verdict:", "if False:"),),
    ),
    Break(
        "the proposal that holds back another submission",
        ("tests/integration/test_search.py",),
        ((STORE, ' & Attr("proposed").not_exists(),', ","),),
    ),
    Break(
        "the look for orphans when the handle is written",
        ("tests/integration/test_webhook.py",),
        ((f"{STEPS}/own.py", "if owned.proposed and owned.proposed != handle.id:", "if False:"),),
    ),
    Break(
        "the webhook's token",
        ("tests/integration/test_webhook.py",),
        ((f"{STEPS}/webhook.py", " or not is_hook(provider_name, prediction_id, token)", ""),),
    ),
    Break(
        "the webhook's signature",
        ("tests/integration/test_webhook.py",),
        (("layers/lumeo/lumeo/providers/replicate.py", "        if wrong:\n            raise Forged(wrong)\n", ""),),
    ),
    Break(
        "the promise to tell, which stands until it is kept",
        _orders("(sweep and announce)"),
        (
            (
                STORE,
                '**({"due_at": due(0)} if untold(prediction) else {"due_at": None, "due_shard": None}),',
                '**{"due_at": None, "due_shard": None},',
            ),
        ),
    ),
    Break(
        "the fence of telling the end",
        ("tests/unit/test_store.py",),
        ((STORE, "return _fence(run) & _in(Phase.DONE) & ", "return _in(Phase.DONE) & "),),
    ),
    Break(
        "the claim of news, before the end",
        _orders("news"),
        (
            (
                STORE,
                '        there = Attr("pk").exists() & Attr("phase").ne(Phase.DONE)',
                '        there = Attr("pk").exists()',
            ),
        ),
    ),
    Break(
        "the claim of news, once",
        _orders("news"),
        ((STORE, "self._update(prediction_id, there & once,", "self._update(prediction_id, there,"),),
    ),
    Break(
        "the phase in which contents may be removed",
        _orders("(delete and finalize)"),
        ((STORE, "_in(Phase.DONE), {**contents", 'Attr("pk").exists(), {**contents'),),
    ),
    Break(
        "the condition of the request's item",
        _orders("repeat"),
        (
            (
                "layers/lumeo/lumeo/repeats.py",
                '"attribute_not_exists(pk) OR expires_at <= :now"',
                '"attribute_not_exists(pk) OR expires_at >= :now"',
            ),
        ),
    ),
    Break(
        "the check whose prediction it is",
        (CALLER,),
        (
            (
                "layers/lumeo/lumeo/api.py",
                "if prediction is None or prediction.caller != caller:",
                "if prediction is None:",
            ),
        ),
    ),
)


def broken(one: Break) -> Result:
    """Take it out of a copy, and run its tests there."""
    with tempfile.TemporaryDirectory(prefix="broken-") as folder:
        copy = Path(folder)
        for name in _files():
            target = copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
        for place, old, new in one.edits:
            text = (copy / place).read_text()
            if text.count(old) != 1:
                raise LookupError(f"{one.what}: {place} has {text.count(old)} times {old!r}")
            (copy / place).write_text(text.replace(old, new))
        # Before what is installed: that is the project as it stands.
        environment = os.environ | {"PYTHONPATH": f"{copy}:{copy / 'layers/lumeo'}", "COLUMNS": "300"}
        command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", *one.tests]
        try:
            done = subprocess.run(
                command, cwd=copy, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return Result(one.what, one.tests[:1], f"not over after {SECONDS} s", "")
    red = re.findall(r"^(?:FAILED|ERROR) (\S+\.py\S*?(?:\[.*?\])?)(?: - (.*))?$", done.stdout, re.MULTILINE)
    return Result(one.what, tuple(name for name, _ in red), red[0][1] if red else "", done.stdout + done.stderr)


def _files() -> list[Path]:
    """Of the project as it stands, committed or not."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [Path(name) for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.break_it", description=__doc__)
    parser.add_argument("--only", default="", help="a word of what is to be taken out")
    asked = parser.parse_args(given)
    chosen = [one for one in BREAKS if asked.only in one.what]
    whole = Break("nothing", tuple(dict.fromkeys(test for one in chosen for test in one.tests if ".py" in test)), ())
    results: dict[str, Result] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in as_completed([pool.submit(broken, one) for one in (whole, *chosen)]):
            result = done.result()
            results[result.what] = result
            print(f"{len(results)} of {len(chosen) + 1}: {result.what}: {len(result.red)} red", flush=True)
    print("\n| what was taken out | tests that turned red | the first says |\n|---|---|---|")
    for one in (whole, *chosen):
        result = results[one.what]
        names = ", ".join(name.rpartition("::")[2] for name in result.red[:3]) or "none"
        more = f" and {len(result.red) - 3} more" if len(result.red) > 3 else ""
        print(f"| {one.what} | {names}{more} | {result.first[:120]} |")
    proves = all(bool(results[one.what].red) is bool(one.edits) for one in (whole, *chosen))
    if results["nothing"].red or "passed" not in results["nothing"].output:
        print("\nTests fail with nothing taken out:", results["nothing"].output[-3000:], sep="\n")
    return 0 if proves and "passed" in results["nothing"].output else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
