"""Waiting, in real time, for what another process or thread will do."""

import time
from collections.abc import Callable
from typing import Any


def until(look: Callable[[], Any], enough: Callable[[Any], bool], seconds: float = 30, every: float = 0.02) -> Any:
    """What `look` sees once it is enough. Fails after that many seconds."""
    end = time.monotonic() + seconds
    while True:
        seen = look()
        if enough(seen):
            return seen
        assert time.monotonic() < end, f"still {seen}"
        time.sleep(every)
