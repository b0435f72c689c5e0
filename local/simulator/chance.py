"""Chance that repeats itself: the same key draws the same numbers, on every machine and version of Python."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Chance:
    """Numbers that follow from a key."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._drawn = 0

    def fraction(self) -> float:
        """From 0 up to but without 1."""
        self._drawn += 1
        digest = hashlib.blake2b(f"{self._key}/{self._drawn}".encode(), digest_size=4).digest()
        return int.from_bytes(digest) / (1 << 32)

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.fraction()

    def one_of(self, items: Sequence[Item]) -> Item:
        return items[int(self.fraction() * len(items))]
