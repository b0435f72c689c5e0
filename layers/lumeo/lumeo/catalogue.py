"""The owner's own models: names for versions, with default inputs and deadlines, from `catalogue.toml`."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from lumeo import durations, settings

OWNER = "lumeo"
"""What stands before the name of a model of the catalogue where a name needs an owner."""
SHORTEST_DEADLINE = 5
LONGEST_DEADLINE = 7 * 86_400
"""Seconds: a run is ended by the state machine after eight days."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_VERSION = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(:[0-9a-f]{64})?", re.ASCII)
_KEYS = {"version", "description", "deadline", "input"}


class CatalogueWrong(RuntimeError):
    """The catalogue says something that cannot be meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One model: the version that it stands for, `owner/name:hash` (an official model has no hash).

    `input` is what a request does not say; `deadline` in seconds, None for the provider's own.
    """

    name: str
    version: str
    description: str = ""
    deadline: int | None = None
    input: Mapping[str, Any] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """The name that callers use."""
        return f"{OWNER}/{self.name}"


@cache
def catalogue() -> Mapping[str, Entry]:
    """The catalogue of the file that the environment names, by name."""
    path = Path(settings.catalogue_file())
    return parsed(path.read_text(), path.name)


def entry(name: str) -> Entry | None:
    """The model called `portrait` or `lumeo/portrait`, if there is one."""
    owner, _, short = name.rpartition("/")
    return catalogue().get(short) if owner in {"", OWNER} else None


def is_own(name: str) -> bool:
    """Whether it can only be a model of the catalogue: nobody else's name may be taken for one that is gone."""
    return name.partition("/")[0] == OWNER and "/" in name


def parsed(text: str, file: str) -> dict[str, Entry]:
    """A catalogue. Raises CatalogueWrong, which names the file and the entry."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueWrong(f"{file}: {error}") from error
    return {name: _entry(name, value, f"{file}: {name}") for name, value in content.items()}


def _entry(name: str, value: Any, where: str) -> Entry:
    spec = {"version": value} if isinstance(value, str) else value
    if not isinstance(spec, dict):
        raise CatalogueWrong(f'{where} should be "owner/name:hash" or a table')
    if not _NAME.fullmatch(name):
        raise CatalogueWrong(f"{where} is not a name: use a-z, 0-9, '.', '_' and '-'")
    unknown = sorted(set(spec) - _KEYS)
    if unknown:
        raise CatalogueWrong(f"{where}: nobody knows {', '.join(unknown)}; there are {', '.join(sorted(_KEYS))}")
    version = spec.get("version")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise CatalogueWrong(f'{where}: version should be "owner/name:hash" with 64 hex digits, not {version!r}')
    if not isinstance(spec.get("description", ""), str):
        raise CatalogueWrong(f"{where}: description should be a text")
    _check_input(spec.get("input", {}), where)
    return Entry(
        name=name,
        version=version,
        description=spec.get("description", ""),
        deadline=_deadline(spec["deadline"], where) if "deadline" in spec else None,
        input=spec.get("input", {}),
    )


def _check_input(value: Any, where: str) -> None:
    if not isinstance(value, dict):
        raise CatalogueWrong(f"{where}: input should be a table")
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CatalogueWrong(f"{where}: input holds what JSON cannot say: {error}") from error


def _deadline(value: Any, where: str) -> int:
    found = durations.seconds(str(value))
    if not SHORTEST_DEADLINE <= found <= LONGEST_DEADLINE:
        raise CatalogueWrong(
            f'{where}: deadline should be a duration such as "90s", "10m" or "1h", at most a week, not {value!r}'
        )
    return found
