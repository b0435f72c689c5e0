"""What a person at a terminal sees, and what Ctrl-C does."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import INSTALLED, installed
from tests.cli.terminal import COLUMNS, Terminal, screen
from tests.stack import Caller

CTRL_C = "\x03"


def test_a_bar_moves_and_then_the_output_is_there(ready: Path, caller: Caller) -> None:
    terminal = Terminal("submit", "sim/image", "prompt=a corgi", "--ready-file", str(ready))
    assert terminal.end() == 0

    made = caller.call("GET", "/predictions").json()["results"][0]
    bars = re.findall(rf"{made['id']} (\w+) +\S*━\S* +(\d*)%? +\d", terminal.text)
    assert [status for n, (status, _) in enumerate(bars) if (status, "") not in [(was, "") for was, _ in bars[:n]]] == [
        *("starting", "processing", "succeeded")
    ]
    assert bars[-1] == ("succeeded", "100")
    assert terminal.text.rstrip().endswith(made["output"][0])
    assert "\x1b[32m" in terminal.shown, "green"
    assert terminal.shown.rfind("\x1b[?25h") > terminal.shown.rfind("\x1b[?25l"), "the cursor is back"


def test_no_line_is_too_long_and_colours_are_as_asked(ready: Path, caller: Caller) -> None:
    made = caller.submit("sim/nsfw", prompt="x")["id"]
    coloured, plain = (
        Terminal("watch", made, "--ready-file", str(ready), environment=environment)
        for environment in ({}, {"NO_COLOR": "1"})
    )
    assert (coloured.end(), plain.end()) == (4, 4)

    (bar,) = (line for line in screen(coloured.shown) if "━" in line)
    assert bar.startswith(f"{made} rejected")
    assert 60 < len(bar) <= COLUMNS
    assert "\x1b[35m" in coloured.shown, "magenta"
    assert not re.search(r"\x1b\[[34]\d", plain.shown)


def test_ctrl_c_leaves_it_running(ready: Path, caller: Caller) -> None:
    terminal = Terminal("submit", "sim/stuck", "--ready-file", str(ready))
    terminal.until("processing")
    terminal.type(CTRL_C)
    assert terminal.end() == 130

    made = caller.call("GET", "/predictions").json()["results"][0]
    caller.call("POST", f"/predictions/{made['id']}/cancel")
    assert made["status"] == "processing"
    assert f"lumeo watch {made['id']}" in terminal.text
    assert f"lumeo cancel {made['id']}" in terminal.text
    assert "Traceback" not in terminal.text


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 1)])
def test_delete_asks(ready: Path, caller: Caller, answer: str, code: int) -> None:
    made = caller.submit("sim/script", output="x")["id"]
    caller.ended(made)
    terminal = Terminal("delete", made, "--ready-file", str(ready))
    terminal.until("[y/N]")
    terminal.type(answer)

    assert terminal.end() == code
    assert caller.get(made)["data_removed"] is (code == 0)


def test_a_terminal_obeys_no_model(ready: Path, caller: Caller) -> None:
    made = caller.submit("sim/script", output="\x1b]0;title\x07 text")["id"]
    caller.ended(made)
    terminal = Terminal("watch", made, "--ready-file", str(ready))
    assert terminal.end() == 0

    assert "\x1b]0" not in terminal.shown
    assert " text" in terminal.text


def test_installed(ready: Path) -> None:
    """In a process of its own, from anywhere: as it is typed."""
    ran = installed("list", "--json", "--ready-file", str(ready), cwd="/")

    assert (ran.returncode, json.loads(ran.stdout), ran.stderr) == (0, [], "")


def test_a_script_gets_nothing_but_the_output(ready: Path) -> None:
    ran = installed("submit", "sim/text", "prompt=x", "--watch", "--ready-file", str(ready))

    assert (ran.returncode, len(ran.stdout.splitlines())) == (0, 1)
    assert "\x1b" not in ran.stdout + ran.stderr


def test_a_reader_that_has_enough(ready: Path, caller: Caller) -> None:
    made = caller.submit("sim/script", output="x" * 400_000)["id"]
    caller.ended(made)
    ends, writes = os.pipe()
    command = [str(INSTALLED), "get", made, "--json", "--ready-file", str(ready)]
    with subprocess.Popen(command, stdout=writes, stderr=subprocess.PIPE, text=True) as process:
        os.close(writes)
        os.close(ends)
        _, errors = process.communicate(timeout=30)

    assert (process.returncode, errors) == (0, "")
