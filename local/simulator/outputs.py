"""Output templates: JSON in which strings such as `$png`, and files that the run has read, stand for files."""

import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.simulator.fetching import Fetched

EXTENSIONS = {
    "png": "png",
    "jpeg": "jpg",
    "webp": "webp",
    "gif": "gif",
    "text": "txt",
    "wav": "wav",
    "webm": "webm",
    "html": "html",
    "svg": "svg",
    "bytes": "bin",
}
PICTURES = {"png", "jpeg", "webp", "gif"}
FETCHED = "fetched"

# Not those of the machine.
_MEDIA_TYPES = mimetypes.MimeTypes()
_TOKEN = re.compile(r"\$(?:(png|jpeg|webp|gif|text|wav|webm|html|svg)|bytes:(\d+)|(data):png|(link))")


@dataclass(frozen=True)
class OutputFile:
    """The n-th file of a prediction. `phrase` is the text around its URL."""

    n: int
    kind: str
    size: int = 0
    inline: bool = False
    phrase: str = "{}"
    fetched: Fetched | None = None

    @property
    def name(self) -> str:
        return f"{self.n}{_extension(self.fetched)}" if self.fetched else f"{self.n}.{EXTENSIONS[self.kind]}"


@dataclass(frozen=True)
class Output:
    """A template whose tokens have become files."""

    tree: Any
    files: tuple[OutputFile, ...]

    def shown(self, address: Callable[[OutputFile], str]) -> Any:
        """The output as JSON, each file replaced by what `address` says of it."""
        return _replaced(self.tree, lambda leaf: _addressed(leaf, address))


def output_of(template: Any) -> Output:
    """Number the files that a template asks for."""
    files: list[OutputFile] = []

    def numbered(leaf: Any) -> Any:
        file = _file(len(files), leaf)
        if file is None:
            return leaf
        files.append(file)
        return file

    return Output(_replaced(template, numbered), tuple(files))


NOTHING = Output(None, ())


def _extension(fetched: Fetched) -> str:
    media_type, _, _ = fetched.content_type.partition(";")
    return _MEDIA_TYPES.guess_extension(media_type.strip()) or ".bin"


def _file(n: int, leaf: Any) -> OutputFile | None:
    if isinstance(leaf, Fetched):
        return OutputFile(n, FETCHED, fetched=leaf)
    token = _TOKEN.fullmatch(leaf) if isinstance(leaf, str) else None
    if token is None:
        return None
    kind, size, inline, link = token.groups()
    if size:
        return OutputFile(n, "bytes", size=int(size))
    if link:
        return OutputFile(n, "png", phrase="Your picture is ready at {} for an hour.")
    return OutputFile(n, kind or "png", inline=bool(inline))


def _addressed(leaf: Any, address: Callable[[OutputFile], str]) -> Any:
    return leaf.phrase.format(address(leaf)) if isinstance(leaf, OutputFile) else leaf


def _replaced(tree: Any, leaf: Callable[[Any], Any]) -> Any:
    if isinstance(tree, dict):
        return {key: _replaced(value, leaf) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_replaced(value, leaf) for value in tree]
    return leaf(tree)
