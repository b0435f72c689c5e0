"""The built functions run: under Lambda's emulator and runtime client, against the local stack, one process each."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.environment import variables
from lumeo import runs, settings
from tests.conftest import MASTER, ROOT, template
from tests.package.emulated import family, lives
from tests.samples import ID, SAMPLES, answers, comes_before, function_of, said, seed
from tests.stack import Caller, Stack
from tests.waiting import until

FUNCTIONS = sorted(template().functions())
OTHERS = re.compile(
    r"(START|END|REPORT) RequestId: |\d\d \w{3} \d{4} \d\d:\d\d:\d\d,\d{3} \[\w+\] \(rapid\) |\[ERROR\] "
)
"""What the emulator says of itself, and the runtime client of an exception."""


@dataclass(frozen=True, slots=True)
class Built:
    """The local stack, whose functions are the built ones, and where they leave what they print."""

    stack: Stack
    logs: Path

    def invoke(self, name: str, event: Any) -> dict[str, Any]:
        """What the function answers, or what Lambda says of its error."""
        answer = self.stack.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        found: dict[str, Any] = json.loads(answer["Payload"].read())
        return found

    def step(self, state: str, prediction_id: str) -> Any:
        """One task as the state machine asks for it; Status as often as it takes."""
        event = {"id": prediction_id, "run": prediction_id}
        return until(lambda: self.invoke(f"{state}Function", event), lambda told: told["next"] != state)

    def cancel(self, prediction_id: str) -> None:
        caller = Caller(self.stack, "alice")
        with caller.session:
            answer = caller.call("POST", f"/predictions/{prediction_id}/cancel")
        assert answer.status_code == 200, answer.text

    def printed(self, name: str) -> str:
        """All that was printed, by lines as Lambda has them: a carriage return ends none."""
        return (self.logs / f"{name}.log").read_bytes().decode()

    def lines(self, name: str) -> list[dict[str, Any]]:
        """What the function logged. Raises for what is no JSON."""
        mine = [line for line in self.printed(name).split("\n") if line]
        return [json.loads(line) for line in mine if not OTHERS.match(line)]


@pytest.fixture(scope="module")
def world(built_here: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    folder = tmp_path_factory.mktemp("runtime")
    command = [sys.executable, "-m", "tests.package.stack", str(built_here), str(folder)]
    with (
        (folder / "output").open("w") as output,
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT) as process,
    ):
        until(lambda: (folder / "ready.json").exists() or process.poll() is not None, bool, 60)
        assert process.poll() is None, (folder / "output").read_text()
        stack = Stack(json.loads((folder / "ready.json").read_text()))
        of_each = json.loads((folder / "env.json").read_text())
        with variables({name: value for given in of_each.values() for name, value in given.items()}):
            stack.client("secretsmanager").put_secret_value(SecretId=settings.master_secret(), SecretString=MASTER)
            yield Built(stack, folder)
        started = family(process.pid)
    assert process.returncode == 0, (folder / "output").read_text()
    assert started
    assert len(started) % 2 == 0, "an emulator and its function"
    until(lambda: [pid for pid in started if lives(pid)], lambda living: living == [], 5)


@pytest.mark.timeout(300)
def test_a_prediction_is_carried_to_its_end(world: Built) -> None:
    """By the local state machine, which invokes what was built as it would invoke Lambda."""
    caller = Caller(world.stack, "carol")
    with caller.session:
        made = caller.submit("sim/image", prompt="a corgi", width=16, height=16)
        ended = caller.ended(made["id"])
        picture = caller.call("GET", ended["output"][0]).content

    assert (ended["status"], ended["error"]) == ("succeeded", None)
    assert picture.startswith(b"\x89PNG")
    assert until(lambda: world.stack.run_status(made["id"]), lambda status: status != "RUNNING") == "SUCCEEDED"
    for name in ("SubmitFunction", "CreateFunction", "WebhookFunction", "FinalizeFunction"):
        assert "END RequestId: " in world.printed(name)


@pytest.mark.parametrize("name", SAMPLES)
def test_event(world: Built, name: str) -> None:
    """The same answers as the sources give, see tests/integration/test_events.py."""
    seed()
    comes_before(name, world.step, world.cancel, lambda _: None)
    origin = urlsplit(world.stack.ready["api_url"])._replace(path="").geturl()
    expected = answers(origin, origin)[name]
    result = world.invoke(function_of(name), json.loads(SAMPLES[name].read_text()))

    answer = said(result)
    assert {field: answer[field] for field in expected} == expected
    if name == "sweep_failed_run":
        world.cancel(ID)
        until(lambda: runs.look(ID), lambda run: run != "RUNNING")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_runs_is_what_was_built(world: Built, built_here: Path, name: str) -> None:
    """By where the frames of an exception are, as it is logged."""
    world.invoke(name, [])

    traces = [line["stack_trace"]["frames"] for line in world.lines(name) if "stack_trace" in line]
    ours = {frame["file"] for frames in traces for frame in frames if "/lumeo/" in frame["file"]}
    assert ours
    assert all(Path(file).is_relative_to(built_here / "LumeoLayer" / "python") for file in ours)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_logged_is_json_with_the_request(world: Built, name: str) -> None:
    world.invoke(name, [])

    logged = [line for line in world.lines(name) if "_aws" not in line]
    seen = re.findall(r"START RequestId: (\S+)", world.printed(name))
    assert logged
    assert {line["request_id"] for line in logged} <= set(seen)
    assert {line["function"] for line in logged} == {name}
