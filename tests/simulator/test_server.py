"""The socket, and the command that opens it."""

import os
import re
import signal
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from local.serving import Server
from local.simulator import DEFAULT_TOKEN, Simulator, serve
from tests.simulator.caller import Caller
from tests.simulator.receiver import Receiver

ROOT = Path(__file__).parents[2]


def test_a_connection_serves_many_requests(sim: Caller) -> None:
    connection = HTTPConnection(urlsplit(sim.url).netloc, timeout=10)
    connection.connect()
    first = connection.sock
    for body in ("{}", "", "x" * 100_000):
        connection.request("POST", "/v1/predictions", body=body, headers={"Authorization": f"Bearer {DEFAULT_TOKEN}"})
        connection.getresponse().read()

        assert connection.sock is first

    connection.close()


def test_a_body_may_come_in_chunks(sim: Caller) -> None:
    body = (piece for piece in (b'{"version": "sim/instant", ', b'"input": {"prompt": "a corgi"}}'))

    assert sim.post("/v1/predictions", data=body).status_code == 201


def test_a_closed_server_hangs_up() -> None:
    server = serve(Simulator())
    caller = Caller(server.url, DEFAULT_TOKEN)
    with caller.session:
        assert caller.get("/v1/account").status_code == 200
        server.close()

        with pytest.raises(requests.exceptions.ConnectionError):
            caller.get("/v1/account")


def test_a_simulator_may_have_its_own_token() -> None:
    with serve(Simulator(token="r8_my_own")) as server:
        caller = Caller(server.url, "r8_my_own")
        with caller.session:
            assert caller.get("/v1/account").status_code == 200


README = ROOT / "local/simulator/README.md"


def test_the_default_token_has_the_form_that_the_contract_says() -> None:
    assert DEFAULT_TOKEN.startswith("r8_simulator")
    assert len(DEFAULT_TOKEN) == len("r8_simulator") + 32


def test_the_command_prints_its_url_sends_webhooks_and_ends_on_ctrl_c() -> None:
    command = [sys.executable, "-W", "error", "-m", "local.simulator", "--token", "r8_of_the_command"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()

    caller, receiver = Caller(url, "r8_of_the_command"), Receiver()
    with caller.session, Server(receiver) as listening:
        assert caller.created("sim/instant")["status"] == "succeeded"
        caller.told(f"{listening.url}/hook", events=["completed"])
        receiver.wait_for(1, "/hook")
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=10)

    assert (process.returncode, complaints) == (0, "")


def test_the_command_explains_itself() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "local.simulator", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    (line,) = re.findall(r"^\.venv/bin/python -m local.simulator (.+?) +#", README.read_text(), re.MULTILINE)
    assert re.findall(r"--\w+", line) == ["--port", "--token", "--retention"]
    assert all(option in shown.stdout for option in re.findall(r"--\w+", line))
