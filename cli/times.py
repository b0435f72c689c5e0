"""Times and durations, as a person reads them."""

from typing import Any

from lumeo import clock

_UNITS = (("s", 1, 100), ("min", 60, 100 * 60), ("h", 3600, 48 * 3600), ("d", 86_400, float("inf")))


def duration(seconds: float) -> str:
    """`2.4 s`, `75 s`, `12 min`, `5 h`, `3 d`: two digits say enough."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    unit, size = next((unit, size) for unit, size, most in _UNITS if seconds < most)
    return f"{seconds / size:.0f} {unit}"


def lasted(prediction: dict[str, Any]) -> float:
    """Seconds from its acceptance to its end, or until now."""
    end = prediction.get("completed_at") or clock.stamp()
    return max(0.0, clock.seconds_between(prediction["created_at"], end))


def age(stamp: str) -> float:
    """Seconds since a moment."""
    return max(0.0, clock.seconds_between(stamp, clock.stamp()))


def moment(stamp: str) -> str:
    """A moment without its fraction: `2026-11-21 10:00:00 UTC`."""
    return f"{stamp[:19].replace('T', ' ')} UTC"
