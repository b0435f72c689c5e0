"""Which parts of a provider's output are files, and where they may be fetched: pure.

Places inside JSON are named by JSON Pointers (RFC 6901): `""` is the whole, `/image`, `/masks/0`.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lumeo import urls

_DATA_URL = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(?:;[\w-]+=[\w.-]+)*;base64,(?P<base64>[A-Za-z0-9+/=\s]+)")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that a provider made: where it stands in the output, and where its bytes are.

    `keyed`: they are given to the provider's own credential alone; `type`: what they are, where nothing else says it.
    """

    pointer: str
    url: str
    keyed: bool = False
    type: str = ""


@dataclass(frozen=True, slots=True)
class Download:
    """Where a file may be fetched: its URL, the hosts that it may be on and be redirected to.

    `headers` go to `trusted` hosts alone. `redirects`: it may lead anywhere on the public internet.
    """

    url: str
    hosts: "Hosts"
    headers: Mapping[str, str] = field(default_factory=dict)
    trusted: "Hosts | None" = None
    redirects: bool = False


class Hosts:
    """Where outputs may be fetched: host names (https, port 443), `*.` for any sub-domain, or whole origins (`http://…`)."""

    def __init__(self, patterns: Iterable[str]) -> None:
        known = [pattern.rstrip("/").lower() for pattern in patterns]
        self._origins = {origin for pattern in known if (origin := urls.origin(pattern))}
        self._names = {pattern for pattern in known if "://" not in pattern}

    def __or__(self, other: "Hosts") -> "Hosts":
        """The hosts of both."""
        both = Hosts(())
        both._origins, both._names = self._origins | other._origins, self._names | other._names
        return both

    def allows(self, url: str) -> bool:
        return self.names_origin(url) or self._names_host(url)

    def names_origin(self, url: str) -> bool:
        """Whether the owner named the very origin, wherever it is: on this machine, say."""
        return urls.origin(url) in self._origins

    def _names_host(self, url: str) -> bool:
        found = urls.read(url)
        if found is None or found.scheme != "https" or found.port != urls.HTTPS:
            return False
        labels = found.host.split(".")
        wild = {"*." + ".".join(labels[n:]) for n in range(1, len(labels))}
        return found.host in self._names or bool(wild & self._names)


def find(output: Any, hosts: Hosts) -> tuple[Artifact, ...]:
    """The files in an output, in its order: strings that are, as a whole, a `data:` URL or a URL on one of the hosts.

    All else stays what it is: a sentence that mentions a URL is a sentence.
    """
    return tuple(Artifact(pointer, text) for pointer, text in strings(output) if is_file(text, hosts))


def replace(output: Any, by_pointer: Mapping[str, Any]) -> Any:
    """A copy of `output` with other values at the given pointers; what is not there is not made."""
    if "" in by_pointer:
        return by_pointer[""]
    copied = json.loads(json.dumps(output))
    for pointer, value in by_pointer.items():
        *path, last = _tokens(pointer)
        place = copied
        for token in path:
            place = place[_index(place, token)] if _index(place, token) is not None else None
        if _index(place, last) is not None:
            place[_index(place, last)] = value
    return copied


def at(output: Any, pointer: str) -> Any:
    """What stands at a pointer. Raises LookupError when nothing does."""
    place = output
    for token in _tokens(pointer):
        index = _index(place, token)
        if index is None:
            raise LookupError(pointer)
        place = place[index]
    return place


def _tokens(pointer: str) -> list[str]:
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def _index(place: Any, token: str) -> Any:
    """Where a pointer's token leads inside a list or a map; None where it leads nowhere."""
    if isinstance(place, dict):
        return token if token in place else None
    if isinstance(place, list) and token.isdecimal() and int(token) < len(place):
        return int(token)
    return None


def data(url: str) -> tuple[str, str] | None:
    """The content type and the base64 text of a `data:` URL, or None if it is none that can be decoded."""
    found = _DATA_URL.fullmatch(url)
    text = re.sub(r"\s", "", found["base64"]) if found else ""
    if not found or not text or len(text) % 4 or not _BASE64.fullmatch(text):
        return None
    return found["type"] or "", text


def is_file(text: str, hosts: Hosts) -> bool:
    """Whether the whole of a text is a `data:` URL, or a URL on one of the hosts."""
    return data(text) is not None or (not re.search(r"\s", text) and hosts.allows(text))


def strings(output: Any) -> Iterator[tuple[str, str]]:
    """Every string and its pointer, depth first; no recursion, since an output may be nested deeper than that goes."""
    left = [("", output)]
    while left:
        pointer, value = left.pop()
        if isinstance(value, str):
            yield pointer, value
        elif isinstance(value, dict):
            left += reversed([(f"{pointer}/{_escape(key)}", inner) for key, inner in value.items()])
        elif isinstance(value, list):
            left += reversed([(f"{pointer}/{n}", inner) for n, inner in enumerate(value)])


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def is_link(text: str) -> bool:
    """Whether the whole of a text is a URL of the web."""
    return not re.search(r"\s", text) and urls.read(text) is not None
