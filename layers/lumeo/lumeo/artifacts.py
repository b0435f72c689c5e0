"""Which parts of a provider's output are files, and where they may be fetched: pure.

Places inside JSON are named by JSON Pointers (RFC 6901): `""` is the whole, `/image`, `/masks/0`.
"""

import json
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
    return tuple(Artifact(pointer, text) for pointer, text in _strings(output) if _is_file(text, hosts))


def replace(output: Any, by_pointer: Mapping[str, Any]) -> Any:
    """A copy of `output` with other values at the given pointers, which must be there."""
    copied = json.loads(json.dumps(output))
    for pointer, value in by_pointer.items():
        if not pointer:
            return value
        *path, last = [token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/")]
        place = copied
        for token in path:
            place = place[int(token) if isinstance(place, list) else token]
        place[int(last) if isinstance(place, list) else last] = value
    return copied


def _is_file(text: str, hosts: Hosts) -> bool:
    inline = DATA_URL.fullmatch(text)
    if inline:
        # One character more than a multiple of four is no base64.
        return len(re.sub(r"[\s=]", "", inline["base64"])) % 4 != 1
    return not re.search(r"\s", text) and hosts.allows(text)


def _strings(output: Any) -> Iterator[tuple[str, str]]:
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


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises when it is not a number
    except ValueError:
        return None
    return parts if parts.netloc else None
