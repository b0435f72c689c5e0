"""What a create call says besides its JSON: `Cancel-After`, `Prefer`, the token."""

import hmac
import math
import re

from local.simulator.errors import ApiError, unauthenticated

LONGEST_WAIT = 60
SHORTEST_LIFE = 5

_DURATION = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s?)?")
_WAIT = re.compile(r"wait(?:=(\d{1,4}))?")


def cancel_after(header: str | None) -> float:
    """Seconds that a run may live: `30`, `30s`, `5m`, `1h30m45s`."""
    if header is None:
        return math.inf
    parts = _DURATION.fullmatch(header.strip())
    hours, minutes, seconds = (int(part or 0) for part in parts.groups()) if parts else (0, 0, 0)
    total = hours * 3600 + minutes * 60 + seconds
    if total < SHORTEST_LIFE:
        detail = f"Cancel-After must be a duration of at least {SHORTEST_LIFE} seconds"
        raise ApiError(422, {"title": "Invalid Cancel-After", "detail": detail, "status": 422})
    return total


def seconds_to_wait(prefer: str) -> int:
    """What `Prefer: wait[=n]` asks for; 0 without it."""
    asked = _WAIT.fullmatch(prefer)
    return min(int(asked.group(1) or LONGEST_WAIT), LONGEST_WAIT) if asked else 0


def check_token(header: str | None, token: str) -> None:
    """Raise Replicate's 401 unless the header holds the token."""
    if not header:
        raise unauthenticated("You did not pass an authentication token")
    scheme, _, given = header.partition(" ")
    if scheme not in {"Bearer", "Token"} or not hmac.compare_digest(given.strip().encode(), token.encode()):
        raise unauthenticated("You did not pass a valid authentication token")
