"""`make provider FILE=…`: checks a provider's declaration, replays its fixtures, runs it once through the machine."""

import argparse
import shlex
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests

from local import HOME
from local.fixtures import Fixture, FixtureWrong, read
from local.stack import FIXTURES, ROOT, Ready, running
from lumeo import providers
from lumeo.providers.grammar import Declaration
from lumeo.providers.loading import DeclarationWrong, load

PATIENCE_SECONDS = 120
LOOK_SECONDS = 0.2
TERMINAL = {"succeeded", "failed", "canceled"}


def main() -> int:
    path = _options().file.resolve()
    try:
        declaration = load(path)
    except OSError as error:
        return _refused(f"{path}: {error.strerror or error}")
    except DeclarationWrong as wrong:
        return _refused(str(wrong))
    print(f"{path.name}: {declaration.title}, {len(declaration.rules)} rules, no mistakes")
    print(textwrap.indent(textwrap.fill(declaration.about, 100), "  "))
    if path.parent != providers.DECLARATIONS:
        return _refused(f"It is used once it lies in {_short(providers.DECLARATIONS)}/: put it there.")
    known = FIXTURES / path.name
    if not known.exists():
        return _refused(f"It has no fixtures: write {_short(known)} (docs/providers.md, Fixtures).")
    try:
        fixture = read(known)
    except FixtureWrong as wrong:
        return _refused(str(wrong))
    print(f"{_short(known)}: {len(fixture.states)} states; every case of the table:\n")
    if _cases(declaration.name) != 0:
        return _refused(f"\nTo see one case alone: make test ARGS=\"tests/providers -k 'success and {path.stem}'\"")
    return _run(declaration, fixture)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make provider FILE=…", description=__doc__)
    parser.add_argument("file", type=Path, help=f"a declaration in {_short(providers.DECLARATIONS)}/")
    return parser.parse_args()


def _cases(name: str) -> int:
    """Replay, and the table of cases, of one provider."""
    chosen = ["-k", f"[{name}] or -{name}]", "--no-header", "-q", "--tb=short", "--show-capture=no"]
    folder = FIXTURES.relative_to(ROOT)
    tests = [str(folder / "test_replay.py"), str(folder / "test_cases.py")]
    command = [sys.executable, "-m", "pytest", *tests, *chosen, "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603 (our own tests)


def _run(declaration: Declaration, fixture: Fixture) -> int:
    """One prediction through the local stack, with a look every second instead of when the declaration says."""
    policy = declaration.polling
    print(f"\nOnce through the machine, with a look every second (it says: {policy.first} s to {policy.cap} s):\n")
    with running(log=HOME / "provider.log") as ready:
        upstream: Any = providers.provider(declaration.name)
        upstream.polling = replace(policy, first=1, factor=1, cap=1)
        shown = _followed(ready, declaration.name, fixture)
    if shown["status"] not in TERMINAL:
        return _refused(f"It was not over after {PATIENCE_SECONDS} s: see {_short(HOME / 'provider.log')}")
    print(f"\n  output   {shown['output']}")
    if shown["error"]:
        print(f"  error    {shown['error']} ({shown['error_code']})")
    for warning in shown["warnings"]:
        print(f"  warning  {warning['code']}: {warning['detail']}")
    return 0 if shown["status"] == "succeeded" else 1


def _followed(ready: Ready, name: str, fixture: Fixture) -> dict[str, Any]:
    body: dict[str, Any] = {"provider": name, "input": fixture.input}
    optional = {"model": fixture.model, "options": fixture.options}
    body |= {key: value for key, value in optional.items() if value}
    began, said = time.monotonic(), ""
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {ready.api_key}"
        answer = session.post(f"{ready.api_url}/predictions", json=body, timeout=10)
        answer.raise_for_status()
        shown: dict[str, Any] = answer.json()
        while True:
            if shown["status"] != said:
                said = shown["status"]
                print(f"  {time.monotonic() - began:5.1f} s  {said}", flush=True)
            if said in TERMINAL or time.monotonic() - began > PATIENCE_SECONDS:
                return shown
            time.sleep(LOOK_SECONDS)
            shown = session.get(shown["urls"]["get"], timeout=10).json()


def _refused(why: str) -> int:
    print(why, file=sys.stderr)
    return 1


def _short(path: Path) -> str:
    return shlex.quote(str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path))


if __name__ == "__main__":
    sys.exit(main())
