"""Telling callers of their predictions: of which events, where, and when to try again. Pure.

Messages are those of Standard Webhooks (https://www.standardwebhooks.com).
"""

import re
from collections.abc import Callable, Iterable
from random import random
from typing import Literal

from lumeo import urls
from lumeo.addresses import is_public
from lumeo.prediction import Announced, Prediction

Event = Literal["start", "output", "logs", "completed"]
EVENTS: tuple[Event, ...] = ("start", "output", "logs", "completed")
"""As Replicate names them. Only `completed` is tried again."""

LONGEST_URL = 2048
FIRST_WAIT = 5.0
LONGEST_WAIT = 900.0
JITTER = 0.2
LONG_ENOUGH = 3600.0
"""Seconds from the first attempt on for which there is another."""
LONGEST_ASKED = 3600.0
"""The longest wait that a receiver may ask for."""
_LOCAL = re.compile(r"localhost|.*\.(localhost|local|internal|home\.arpa)", re.IGNORECASE)


def fault(url: str, origins: Iterable[str]) -> str | None:
    """What is wrong with a webhook's URL, or None. `origins` may be used wherever they are: see `is_named`."""
    if len(url) > LONGEST_URL:
        return f"Expected at most {LONGEST_URL} characters"
    found = urls.read(url) if re.fullmatch(r"[!-~]+", url) else None
    if found and is_named(url, origins):
        return None
    if found is None or found.scheme != "https":
        return "Expected a URL that begins with https:// and a host"
    return None if _may_be_public(found.host) else "Expected a host on the public internet"


def is_named(url: str, origins: Iterable[str]) -> bool:
    """Whether it is on one of these origins, `*` standing for any port."""
    found = urls.read(url)
    if found is None:
        return False
    names = {origin.rstrip("/").lower() for origin in origins}
    any_port = f"{found.scheme}://{found.host}:*"
    return any_port in names or found.origin in {urls.origin(name) for name in names}


def message_id(prediction: Prediction, event: Event, n: int) -> str:
    """The same for every attempt to tell of one event."""
    return f"msg_{prediction.id}_{event}" + (f"_{n}" if event in {"logs", "output"} else "")


def wants(prediction: Prediction, event: Event) -> bool:
    return prediction.subscriber is not None and event in prediction.subscriber.events


def untold(prediction: Prediction) -> bool:
    """Whether its caller is still to be told of its end, once it has come."""
    return prediction.told_at is None and (wants(prediction, "completed") or wants(prediction, "output"))


def is_over(said: Announced, elapsed: float) -> bool:
    """Whether there is no further attempt: it was delivered, is not wanted (410), or was tried for long enough."""
    return said.delivered_at is not None or said.status == 410 or elapsed >= LONG_ENOUGH


def wait(attempts: int, after: float | None, *, chance: Callable[[], float] = random) -> int:
    """Seconds before the next attempt after so many; `after`: what the receiver asked for."""
    growing = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempts - 1, 16))
    jittered = growing * (1 + JITTER * (2 * chance() - 1))
    return max(1, round(max(jittered, min(after or 0, LONGEST_ASKED))))


def _may_be_public(host: str) -> bool:
    """As far as a name can tell: what it leads to is looked at once connected."""
    # What ends in a number is an address to whoever connects, in many more forms than this one.
    if re.fullmatch(r"(.*\.)?(\d+|0x[0-9a-f]*)", host):
        return re.fullmatch(r"(\d{1,3}\.){3}\d{1,3}", host) is not None and _is_public_address(host)
    return "." in host and not _LOCAL.fullmatch(host)


def _is_public_address(host: str) -> bool:
    try:
        return is_public(host)
    except ValueError:
        return False
