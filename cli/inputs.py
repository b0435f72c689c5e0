"""What a prediction is made of, as a command line says it: pairs, a file of JSON, and files that are handed in."""

import hashlib
import json
import mimetypes
import re
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any, NoReturn

import requests

from cli.api import SECONDS, Api
from cli.codes import Code, CommandFailed
from cli.talk import Talk

NONE = "-"
"""The model of a provider that takes none."""


def pairs(texts: list[str]) -> dict[str, Any]:
    """`key=value`, each value as JSON where it is some. Raises CommandFailed."""
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise CommandFailed(Code.WRONG_USE, f"{text!r} should be key=value.")
        found[key] = _value(value)
    return found


def given(options: Namespace, api: Api, talk: Talk) -> dict[str, Any]:
    """The input: the file's, then the pairs, then the prompt. Files are handed in on the way. Raises CommandFailed."""
    said = pairs(options.pairs)
    found = (_document(options.input) if options.input else {}) | said
    if options.prompt is not None:
        found["prompt"] = options.prompt
    files = {key: Path(value[1:]) for key, value in said.items() if _is_file(value)}
    # None of them is handed in while another is not there.
    missing = [path for path in files.values() if not path.is_file()]
    if missing:
        hint = """A text that begins with @ is written key='"@…"'."""
        raise CommandFailed(Code.WRONG_USE, f"There is no file {missing[0]}.", hint)
    return found | {key: _handed_in(path, api, talk) for key, path in files.items()}


def handed_in(options: Namespace, body: dict[str, Any]) -> list[str]:
    """The pairs that name files, as they were submitted: handed in again, these would be others."""
    files = [key for key, value in pairs(getattr(options, "pairs", [])).items() if _is_file(value)]
    return [f"{key}={body['input'][key]}" for key in files]


def target(options: Namespace) -> tuple[str, dict[str, Any]]:
    """The path to post to, and the body but for the input."""
    model = options.model
    if options.provider:
        more = {"options": pairs(options.option)} if options.option else {}
        return "/predictions", {"provider": options.provider, **({} if model == NONE else {"model": model}), **more}
    if options.option:
        raise CommandFailed(Code.WRONG_USE, "--option is for another provider's: name it with --provider.")
    if re.fullmatch(r"deployments/[\w.-]+/[\w.-]+", model):
        return f"/{model}/predictions", {}
    if re.fullmatch(r"[\w.-]+/[\w.-]+", model):
        return f"/models/{model}/predictions", {}
    return "/predictions", {"version": model}


class _Said(str):
    """A text that was no JSON: it may name a file."""

    __slots__ = ()


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return _Said(text)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _is_file(value: Any) -> bool:
    return isinstance(value, _Said) and value.startswith("@")


def _document(name: str) -> dict[str, Any]:
    where = "Standard input" if name == "-" else name
    try:
        found = json.loads(sys.stdin.read() if name == "-" else Path(name).read_text())
    except OSError as error:
        raise CommandFailed(Code.WRONG_USE, f"{where} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise CommandFailed(Code.WRONG_USE, f"{where} is no JSON: {error}.") from error
    if not isinstance(found, dict):
        raise CommandFailed(Code.WRONG_USE, f"{where} is no JSON object.")
    return found


def _handed_in(path: Path, api: Api, talk: Talk) -> str:
    """The URL of a file, once its bytes are there."""
    from lumeo.steps.upload import LARGEST_POSTED  # noqa: PLC0415 (loads boto3, which takes a third of a second)

    size = path.stat().st_size
    talk.say(f"Uploading {path.name} ({size:,} bytes)", "dim")
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if size <= LARGEST_POSTED:
        file = api.call("POST", "/files", files={"content": (path.name, path.read_bytes(), kind)})
    else:
        file = _put(path, size, kind, api)
    url: str = file["urls"]["get"]
    return url


def _put(path: Path, size: int, kind: str, api: Api) -> dict[str, Any]:
    with path.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    asked = {"filename": path.name, "size": size, "content_type": kind, "sha256": sha256}
    file: dict[str, Any] = api.call("POST", "/files/uploads", json=asked)
    granted = file["upload"]

    def put(session: requests.Session) -> requests.Response:
        with path.open("rb") as content:
            return session.put(granted["url"], data=content, headers=granted["headers"], timeout=SECONDS)

    api.file("PUT", granted["url"], put)
    return file
