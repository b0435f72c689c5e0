"""Pages of predictions or versions: 100 at a time, newest first, behind cursors that are nobody's business but ours."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import urlencode

from local.simulator.errors import ApiError
from local.simulator.prediction import Prediction
from lumeo import clock

PAGE = 100


class Numbered(Protocol):
    """Something whose place among its kind never changes: the newer, the higher."""

    @property
    def serial(self) -> int: ...


Item = TypeVar("Item", bound=Numbered)


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: below a serial number, or (`back`) above it."""

    serial: int
    back: bool = False

    def text(self) -> str:
        return base64.urlsafe_b64encode(f"{'r=1&' if self.back else ''}p={self.serial}".encode()).decode()


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some of all, and the cursors of the pages around them."""

    results: Sequence[Item]
    next: Cursor | None
    previous: Cursor | None


def page_of(items: Sequence[Item], query: Mapping[str, str]) -> Page[Item]:
    """The page that a query's cursor asks for, out of all, which come newest first."""
    cursor = _cursor(query.get("cursor"))
    if cursor is None:
        start = 0
    elif cursor.back:
        start = max(0, sum(item.serial > cursor.serial for item in items) - PAGE)
    else:
        start = sum(item.serial >= cursor.serial for item in items)
    results = items[start : start + PAGE]
    return Page(
        results,
        next=Cursor(results[-1].serial) if start + PAGE < len(items) else None,
        previous=Cursor(results[0].serial, back=True) if start and results else None,
    )


def address(base: str, query: Mapping[str, str], cursor: Cursor | None) -> str | None:
    """The absolute URL of a page, with the filters of this one."""
    if cursor is None:
        return None
    return f"{base}?{urlencode({**query, 'cursor': cursor.text()})}"


def wanted(predictions: list[Prediction], query: Mapping[str, str]) -> list[Prediction]:
    """Those that a query's filters ask for, newest first, out of all, which come oldest first.

    Replicate's `source` only ever says `web`, and nothing here was made there.
    """
    if "source" in query:
        return []
    after = _moment(query, "created_after", datetime.min.replace(tzinfo=UTC))
    before = _moment(query, "created_before", datetime.max.replace(tzinfo=UTC))
    return [prediction for prediction in reversed(predictions) if after <= prediction.created < before]


def _moment(query: Mapping[str, str], name: str, default: datetime) -> datetime:
    if name not in query:
        return default
    try:
        return clock.parse(query[name])
    except ValueError as error:
        raise ApiError(422, {"title": "Invalid parameter", "detail": f"{name}: {error}", "status": 422}) from error


def _cursor(text: str | None) -> Cursor | None:
    if not text:
        return None
    try:
        fields: dict[str, Any] = dict(part.split("=") for part in base64.urlsafe_b64decode(text).decode().split("&"))
        return Cursor(int(fields["p"]), back="r" in fields)
    except (binascii.Error, ValueError, KeyError) as error:
        raise ApiError(404, {"detail": "Invalid cursor", "status": 404}) from error
