"""What tests say in numbers: printed after pytest's own summary, also when all is well."""

from collections.abc import Iterable

REPORTS: dict[str, list[str]] = {}


def report(title: str, lines: Iterable[str]) -> None:
    """Print these lines under this title when all tests are over."""
    REPORTS[title] = list(lines)
