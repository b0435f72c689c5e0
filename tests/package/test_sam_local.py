"""What docs/sam-local.md says about containers: its commands are typed, to a stand-in for Docker.

See docker.py for what that cannot show.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from local.sam import BUILD, CONTAINERS_CALL, OF_AWS, environments, here
from local.serving import HOST
from tests.conftest import ROOT, template
from tests.package.docker import Docker
from tests.package.emulated import free_port, listens
from tests.samples import KEY, SAMPLES, function_of
from tests.waiting import until

PAGE = (ROOT / "docs" / "sam-local.md").read_text()
BLOCKS: list[str] = re.findall(r"^```\n(.+?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines()]
OWN = {
    "AWS_ACCESS_KEY_ID": "mine",
    "AWS_SECRET_ACCESS_KEY": "mine",
    "AWS_SESSION_TOKEN": "mine",
    "AWS_DEFAULT_REGION": "eu-west-1",
}
"""Of whoever types the commands: no function may get them."""


def command(beginning: str) -> str:
    """The only command of the page that begins so."""
    (found,) = (line for line in COMMANDS if line.startswith(beginning))
    return found


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where the page's commands are typed: the stack's files are in `folder`, and there is a Docker."""

    folder: Path
    docker: Docker

    def run(self, line: str) -> "subprocess.Popen[str]":
        typed = line.replace(".local/", f"{self.folder}/").replace(".venv/bin/python", sys.executable)
        aws = json.loads((self.folder / "ready.json").read_text())["aws_endpoint_url"]
        # SAM CLI asks whose the credentials are: not at AWS, in a test.
        mine = OWN | {"DOCKER_HOST": self.docker.host, "SAM_CLI_TELEMETRY": "0", "AWS_ENDPOINT_URL_STS": aws}
        return subprocess.Popen(
            ["/bin/sh", "-c", typed],
            cwd=ROOT,
            env=os.environ | mine,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def output(self, line: str) -> str:
        typed = self.run(line)
        output, errors = typed.communicate(timeout=60)
        assert typed.returncode == 0, errors
        return output


@pytest.fixture(scope="module")
def terminal(built_here: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    folder = tmp_path_factory.mktemp("sam")
    ready = folder / "ready.json"
    stack = [sys.executable, "-m", "local", "--port", "0", "--ready-file", str(ready), "--containers-call", HOST]
    with subprocess.Popen(stack, cwd=ROOT, stdout=subprocess.DEVNULL) as process, ExitStack() as cleanup:
        cleanup.callback(process.terminate)
        until(lambda: ready.exists() or process.poll() is not None, bool, 60)
        described = folder / "template.json"
        described.write_text(described.read_text().replace(str(BUILD), str(built_here)))
        docker = Docker(folder)
        cleanup.callback(docker.close)
        found = Terminal(folder, docker)
        found.output(f"{command('.venv/bin/python -m tests.samples')} {folder}")
        yield found
    assert process.returncode == 0
    assert not list(folder.glob("*.json"))


@pytest.mark.timeout(300)
def test_invoke(terminal: Terminal) -> None:
    answer = json.loads(terminal.output(command(".venv-sam/bin/sam local invoke")))

    assert (answer["statusCode"], json.loads(answer["body"])["model"]) == (201, "sim/image")
    (dockerfile,) = terminal.docker.dockerfiles
    assert re.match(rf"FROM \S+/lambda/python:3.13-{here()}\n", dockerfile)
    assert dockerfile.endswith("ADD LumeoLayer /opt\n")
    (container,) = terminal.docker.containers.values()
    of_each = json.loads((terminal.folder / "env.json").read_text())
    environment = dict(variable.split("=", 1) for variable in container["Env"])
    assert environment | of_each["SubmitFunction"] == environment
    assert "mine" not in environment.values()


@pytest.fixture
def api(terminal: Terminal) -> Iterator[str]:
    """Where `sam local start-api` serves."""
    port = free_port()
    process = terminal.run(f"exec {command('.venv-sam/bin/sam local start-api')} --port {port}")
    try:
        until(lambda: listens(port) or process.poll() is not None, bool, 60)
        yield f"http://{HOST}:{port}/v1"
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def test_start_api(api: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {KEY}"
        made = session.post(f"{api}/models/sim/image/predictions", json={"input": {"prompt": "a corgi"}}, timeout=60)
        listed = session.get(f"{api}/predictions", timeout=60)
        nowhere = session.get(f"{api}/nowhere", timeout=60)

    assert made.status_code == 201
    assert made.json()["id"] in [prediction["id"] for prediction in listed.json()["results"]]
    assert (nowhere.status_code, nowhere.json()["title"]) == (404, "Not found")


def test_the_loop_finds_every_events_function() -> None:
    (loop,) = (block for block in BLOCKS if block.startswith("for event in"))
    said = subprocess.run(
        ["/bin/sh", "-c", loop.replace(".venv-sam/bin/sam", "echo")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    wanted = [f"local invoke {function_of(name)} --event events/{name}.json" for name in SAMPLES]
    assert [line.partition(" --template")[0] for line in said.splitlines()] == wanted
    assert {function_of(name) for name in SAMPLES} <= set(template().functions())


def test_the_forwarded_ports_are_those_of_the_stack(terminal: Terminal) -> None:
    (loop,) = (block for block in BLOCKS if block.startswith("for port in"))
    shown = terminal.output(re.sub("socat .*", "echo $port", loop))
    ready = json.loads((terminal.folder / "ready.json").read_text())
    urls = [ready["aws_endpoint_url"], ready["simulator_url"]]

    assert shown.split() == [url.rpartition(":")[2] for url in urls]


def test_what_is_built_is_where_the_template_looks() -> None:
    assert f" BUILD={BUILD.relative_to(ROOT)} " in command("make build")


def test_every_variable_is_in_the_file(terminal: Terminal) -> None:
    of_each = json.loads((terminal.folder / "env.json").read_text())
    described = json.loads((terminal.folder / "template.json").read_text())
    named = described["Globals"]["Function"]["Environment"]["Variables"]

    assert set(of_each) == set(template().functions())
    for name, function in template().functions().items():
        assert set(function.environment) | set(OF_AWS) <= set(of_each[name])
        own = described["Resources"][name]["Properties"].get("Environment", {}).get("Variables", {})
        assert set(of_each[name]) == set(named) | set(own), "SAM CLI hands on what the template names, and no more"


@pytest.mark.parametrize(
    ("name", "value", "seen"),
    [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1", "http://host.docker.internal:1"),
        ("REPLICATE_BASE_URL", "http://127.0.0.1:2/v1", "http://host.docker.internal:2/v1"),
        ("REPLICATE_OUTPUT_HOSTS", "http://127.0.0.1:2", "http://host.docker.internal:2"),
        ("WEBHOOK_ORIGINS", "http://127.0.0.1:*", "http://host.docker.internal:*"),
        pytest.param("PUBLIC_URL", "http://127.0.0.1:3", "http://127.0.0.1:3", id="callers read it"),
        pytest.param("CATALOGUE_FILE", "local/catalogue.toml", "/opt/python/lumeo/catalogue.toml", id="in the layer"),
    ],
)
def test_a_container_sees_it_from_outside(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str, value: str, seen: str
) -> None:
    for variable in (*OF_AWS, name):
        monkeypatch.setenv(variable, value)

    assert environments(template(), CONTAINERS_CALL)["CreateFunction"][name] == seen
