"""URLs that come from outside, read by one strict form: what fetches them may read what is odd in another way. Pure."""

import re
from dataclasses import dataclass
from urllib.parse import urljoin

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_URL = re.compile(
    rf"(?P<scheme>https?)://(?P<host>{_LABEL}(?:\.{_LABEL})*)(?::(?P<port>\d{{0,5}}))?(?:[/?#].*)?",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
HTTPS = 443
_USUAL = {"https": HTTPS, "http": 80}


@dataclass(frozen=True, slots=True)
class Url:
    """What of a URL says where it leads; `host` and `scheme` in lower case."""

    scheme: str
    host: str
    port: int

    @property
    def origin(self) -> str:
        """`https://host`, with a port unless it is the usual one."""
        return f"{self.scheme}://{self.host}" + ("" if self.port == _USUAL[self.scheme] else f":{self.port}")


def read(text: str) -> Url | None:
    """Where a URL leads, or None for one that is not http(s) and a plain host name: no user, no IPv6 address."""
    found = _URL.fullmatch(text)
    if found is None:
        return None
    scheme = found["scheme"].lower()
    port = int(found["port"] or _USUAL[scheme])
    return Url(scheme, found["host"].lower(), port) if 0 < port < 2**16 else None


def host(text: str) -> str:
    """The host of a URL, to be named in a message: an odd URL makes none fail."""
    found = read(text)
    return found.host if found else "what is no URL"


def joined(base: str, location: str) -> str:
    """Where a redirect leads; nowhere, as text, if it cannot be read."""
    try:
        return urljoin(base, location)
    except ValueError:
        return ""


def origin(text: str) -> str | None:
    """The origin of a URL."""
    found = read(text)
    return found.origin if found else None
