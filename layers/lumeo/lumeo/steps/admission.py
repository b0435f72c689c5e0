"""How much a caller may create: what is more is answered 429."""

import math

from lumeo import settings
from lumeo.errors import ApiError
from lumeo.rates import Rate, clocks


def admit(caller: str, things: str = "predictions") -> None:
    """Take one of what a caller may create a minute of some things. Raises ApiError 429 when none is left."""
    per_minute = settings.caller_creates_per_minute()
    name = f"rate#{caller}" if things == "predictions" else f"rate#{caller}/{things}"
    seconds = clocks().take(name, Rate(per_minute, burst=max(1, per_minute // 6)))
    if seconds:
        wait = math.ceil(seconds)
        detail = f"Request was throttled. Your rate limit of {per_minute} {things} a minute resets in ~{wait}s."
        raise ApiError(429, "Too many requests", detail, retry_after=wait)
