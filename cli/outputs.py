"""What came out: shown as it is, or saved as files."""

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import requests

from cli.api import SECONDS, Api, Prediction
from cli.codes import Code, CommandFailed

# What a model writes may be any URL: only what Lumeo stored is fetched.
_STORED = re.compile(r"/outputs/[0-9a-f]{32}/[\w-]+\.\w+")
_PART = 256 * 1024


def folder(name: str) -> Path:
    """Where outputs go, made before anything is paid for. Raises CommandFailed."""
    path = Path(name)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandFailed(Code.WRONG_USE, f"{path} is no folder: {error.strerror}.") from error
    return path


def text(output: Any) -> str:
    """An output on lines: a text as it is, URLs one by one, all else as JSON."""
    if isinstance(output, str):
        return output
    if isinstance(output, list) and all(isinstance(one, str) and _is_file(one) for one in output):
        return "\n".join(output)
    return json.dumps(output, indent=2, ensure_ascii=False)


def save(prediction: Prediction, where: Path, api: Api) -> list[Path]:
    """Every file of an output, and the output itself if it is more than those. Raises CommandFailed."""
    output, stem = prediction["output"], prediction["id"]
    urls = list(dict.fromkeys(_files(output)))
    saved = [fetch(url, where / f"{stem}-{PurePosixPath(urlsplit(url).path).name}", api) for url in urls]
    if output in (*urls, urls):
        return saved
    whole = where / f"{stem}.{'txt' if isinstance(output, str) else 'json'}"
    whole.write_text(text(output) + "\n")
    return [*saved, whole]


def _files(output: Any) -> Iterator[str]:
    if isinstance(output, str) and _is_file(output):
        yield output
    elif isinstance(output, dict | list):
        for one in output.values() if isinstance(output, dict) else output:
            yield from _files(one)


def _is_file(value: str) -> bool:
    return value.startswith(("https://", "http://")) and bool(_STORED.fullmatch(urlsplit(value).path))


def fetch(url: str, path: Path, api: Api) -> Path:
    """Save one file; there is nothing under its name before all of it is there. Raises CommandFailed."""
    partial = path.with_name(f"{path.name}.part")

    def get(session: requests.Session) -> requests.Response:
        with session.get(url, stream=True, timeout=SECONDS) as answer:
            if answer.ok:
                with partial.open("wb") as file:
                    for part in answer.iter_content(_PART):
                        file.write(part)
            return answer

    api.file("GET", url, get)
    return partial.replace(path)
