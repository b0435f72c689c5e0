"""Which parts of a provider's output are files, and where they may be fetched: pure.

Places inside JSON are named by JSON Pointers (RFC 6901): `""` is the whole, `/image`, `/masks/0`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

DATA_URL = re.compile(
    r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(?:;[\w-]+=[\w.-]+)*;base64,(?P<base64>[A-Za-z0-9+/\s]+={0,2}\s*)"
)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that a provider made: where it stands in the output, and where its bytes are."""

    pointer: str
    url: str


class Hosts:
    """Where outputs may be fetched: host names (https, port 443), `*.` for any sub-domain, or whole origins (`http://…`)."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._origins = {pattern.rstrip("/").lower() for pattern in patterns if "://" in pattern}
        self._names = {pattern.lower() for pattern in patterns if "://" not in pattern}

    def allows(self, url: str) -> bool:
        parts = _split(url)
        if parts is None or parts.username is not None or parts.password is not None:
            return False
        if f"{parts.scheme}://{parts.netloc}".lower() in self._origins:
            return True
        return parts.scheme == "https" and parts.port in {None, 443} and self._names_host(parts.hostname or "")

    def _names_host(self, host: str) -> bool:
        parents = host.split(".")
        wild = {"*." + ".".join(parents[n:]) for n in range(1, len(parents))}
        return host in self._names or bool(wild & self._names)


def find(output: Any, hosts: Hosts) -> tuple[Artifact, ...]:
    """The files in an output, in its order: strings that are, as a whole, a `data:` URL or a URL on one of the hosts.

    All else stays what it is: a sentence that mentions a URL is a sentence.
    """
    return tuple(
        Artifact(pointer, text)
        for pointer, text in _strings(output, "")
        if DATA_URL.fullmatch(text) or (not re.search(r"\s", text) and hosts.allows(text))
    )


def replace(output: Any, by_pointer: Mapping[str, Any], pointer: str = "") -> Any:
    """A copy of `output` with other values at the given pointers."""
    if pointer in by_pointer:
        return by_pointer[pointer]
    if isinstance(output, dict):
        return {key: replace(value, by_pointer, f"{pointer}/{_escape(key)}") for key, value in output.items()}
    if isinstance(output, list):
        return [replace(value, by_pointer, f"{pointer}/{n}") for n, value in enumerate(output)]
    return output


def _strings(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _strings(inner, f"{pointer}/{_escape(key)}")
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from _strings(inner, f"{pointer}/{n}")


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises when it is not a number
    except ValueError:
        return None
    return parts if parts.netloc else None
