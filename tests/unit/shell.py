"""Commands of a page, as its shell would hand them over, and whether AWS's own models know their options."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import botocore.session
from botocore import xform_name

Call = list[str]

SESSION = botocore.session.get_session()
GLOBAL = {"--output", "--query", "--region", "--max-items", "--cli-binary-format"}
"""Options of every command of AWS's own CLI, of those that pages use."""
OF_S3 = {"sync": set[str](), "rm": {"--recursive"}}
"""`aws s3` is no API: what it knows beside two places, of what pages use."""
NOTE = r"""#!/bin/bash
printf '%s\x1f' "${0##*/}" "$@" >> "$CALLED"; printf '\x1e' >> "$CALLED"
"""
"""A command that notes how it was called, before it does anything."""


def anchor(title: str) -> str:
    """Where a link to a title leads, as GitHub makes it."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def blocks(page: str) -> list[tuple[str, str]]:
    """Each fenced block: its language, and its text."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def written(shell: Sequence[str]) -> set[str]:
    """Every command of AWS that stands in blocks: `aws s3api delete-bucket`."""
    return {found for block in shell for found in re.findall(r"\b(aws [a-z0-9-]+ [a-z-]+)", block)}


def typed(folder: Path, text: str, commands: Mapping[str, str], **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run blocks in a folder where commands, by name, do what their own text says and no more; `called` knows them.

    A name may be a path, such as `.venv-sam/bin/sam`.
    """
    for name, does in commands.items():
        command = folder / name
        command.parent.mkdir(parents=True, exist_ok=True)
        command.write_text(f"{NOTE}{does}\n")
        command.chmod(0o755)
    return subprocess.run(
        ["bash", "-eu"],
        input=text,
        cwd=folder,
        env={"PATH": f"{folder}:{os.defpath}", "CALLED": str(folder / "called"), **variables},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def called(folder: Path) -> list[Call]:
    """The commands that were called in a folder, as the shell handed them over."""
    path = folder / "called"
    found = path.read_text() if path.exists() else ""
    return [call.split("\x1f")[:-1] for call in found.split("\x1e")[:-1]]


def check(call: Call) -> None:
    """AWS knows the operation and each option, has all that it requires, and flags are flags."""
    _, service, operation, *rest = _waited_for(call)
    if service == "s3":
        assert {part for part in rest if part.startswith("--")} <= OF_S3[operation]
        return
    model = SESSION.get_service_model({"s3api": "s3"}.get(service, service))
    (name,) = [one for one in model.operation_names if xform_name(one, "-") == operation]
    shape = model.operation_model(name).input_shape
    members = {} if shape is None else shape.members
    options = {f"--{xform_name(member, '-')}": of for member, of in members.items()}
    flags = {option for option, of in options.items() if of.type_name == "boolean"}
    denied = {f"--no-{flag.removeprefix('--')}" for flag in flags}
    given = {part: value for part, value in zip(rest, [*rest[1:], "--"], strict=True) if part.startswith("--")}

    assert given.keys() - GLOBAL <= options.keys() | denied
    required = [] if shape is None else shape.required_members
    missing = {f"--{xform_name(member, '-')}" for member in required} - given.keys()
    assert {f"--no-{option.removeprefix('--')}" for option in missing} <= given.keys()
    for option, value in given.items():
        assert value.startswith("--") is (option in flags | denied), f"{option} {value}"


def _waited_for(call: Call) -> Call:
    """A wait as the operation that it repeats."""
    if call[2] != "wait":
        return call
    waiters = SESSION.get_waiter_model(call[1])
    (name,) = [one for one in waiters.waiter_names if xform_name(one, "-") == call[3]]
    return [*call[:2], xform_name(waiters.get_waiter(name).operation, "-"), *call[4:]]
