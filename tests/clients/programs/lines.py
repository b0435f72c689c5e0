"""What a client's program and the tests say to each other: a command a line, an answer a line, both JSON objects.

A command is `{"do": NAME, "at": ORIGIN, "key": …, "headers": {…}, …}`, the rest being what the command takes.
Its answer is `{"returned": …}` or `{"raised": {"name", "message", "status"}}`.
"""

import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

FILE = "$file"
"""In an input, `{"$file": {"name", "size"}}` stands for a file, given to the client as it takes files."""

Connect = Callable[[str, str, dict[str, str]], Any]


def serve(connect: Connect, commands: Iterable[Callable[..., Any]]) -> None:
    """Answer commands until there are no more. Each is called with a client first."""
    named = {command.__name__: command for command in commands}
    for line in sys.stdin:
        asked = json.loads(line)
        do, client = named[asked.pop("do")], connect(asked.pop("at"), asked.pop("key"), asked.pop("headers"))
        try:
            answer = {"returned": do(client, **asked)}
        except Exception as error:  # noqa: BLE001 (whatever it is, the test is told)
            answer = {"raised": _raised(error)}
        sys.stdout.write(json.dumps(answer, default=str) + "\n")
        sys.stdout.flush()


def told(value: Any, file: Callable[[Any], tuple[str, str, bytes] | None]) -> Any:
    """An output in words that all programs share. `file` gives a file's kind, URL and bytes, else None."""
    if found := file(value):
        kind, url, content = found
        return {"kind": kind, "url": url, "sha256": hashlib.sha256(content).hexdigest()}
    if isinstance(value, str):
        return {"kind": "text", "text": value}
    if isinstance(value, Mapping):
        return {"kind": "object", "fields": {name: told(part, file) for name, part in value.items()}}
    if isinstance(value, list):
        return {"kind": "list", "items": [told(item, file) for item in value]}
    if isinstance(value, Iterable):
        return {"kind": "iterator", "items": [told(item, file) for item in value]}
    return {"kind": "nothing"} if value is None else {"kind": "value", "value": value}


def with_files(given: dict[str, Any], opened: Callable[[Path], Any]) -> dict[str, Any]:
    """An input with its files in it, as `opened` makes them."""
    return {
        name: opened(written(**value[FILE])) if isinstance(value, dict) and FILE in value else value
        for name, value in given.items()
    }


def written(name: str, size: int) -> Path:
    """A file of that name and size, whose bytes are no text."""
    path = Path(tempfile.mkdtemp()) / name
    path.write_bytes((b"\xff\xd8\xff\x00" * (size // 4 + 1))[:size])
    return path


def _raised(error: Exception) -> dict[str, Any]:
    status = getattr(error, "status", None) or getattr(error, "status_code", None)
    return {"name": type(error).__name__, "message": str(error), "status": status}
