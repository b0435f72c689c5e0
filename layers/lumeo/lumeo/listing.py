"""What a caller has, page by page, newest first, with cursors that nobody but the caller can use."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from lumeo import clock, ids
from lumeo.errors import ApiError
from lumeo.items import prediction_from
from lumeo.pages import Between, Page, Place, Wanted, pages
from lumeo.prediction import Prediction, Status
from lumeo.public import model_of, served_status
from lumeo.store import kept
from lumeo.view import shown

PAGE = 100
ANSWERED = 2 * 1024 * 1024
"""Characters of JSON that a page holds: Lambda answers 6 MB at most, and writes JSON within JSON."""
OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
STATUSES = sorted(status for status in Status if status is not Status.ABORTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a list is narrowed to: made at or after one moment, before another (stamps); a served status; a model.

    `provider`: whose it is.
    """

    created_after: str | None = None
    created_before: str | None = None
    status: str | None = None
    model: str | None = None
    provider: str | None = None

    @property
    def between(self) -> Between:
        return Between(self.created_after or "0", _just_before(self.created_before) if self.created_before else "9")

    def take(self, prediction: Prediction) -> bool:
        right_status = self.status in {None, served_status(prediction).value}
        right_provider = self.provider in {None, prediction.provider}
        return right_status and right_provider and self.model in {None, model_of(prediction)}


def page(caller: str, query: Mapping[str, str], base_url: str) -> dict[str, Any]:
    """Replicate's page: `{next, previous, results}`, the first two absolute URLs or null. Raises ApiError 400.

    A cursor carries the filters that it was made under: others beside it are those again, or mean nothing.
    """
    start, filters = place(caller, query["cursor"]) if query.get("cursor") else (None, _filters(query))
    source = None if start else query.get("source")
    if source not in {None, "web"}:
        raise ApiError(400, "Invalid source", "source can only be `web`.")
    if source or filters.between.empty:
        # Nothing here was made on a web page.
        return {"previous": None, "next": None, "results": []}

    def read(values: Mapping[str, Any]) -> Prediction | None:
        prediction = kept(prediction_from(values))
        return prediction if prediction and filters.take(prediction) else None

    wanted = Wanted(kind="prediction", owner=caller, read=read, between=filters.between)
    found = _fitting(pages().page(wanted, start, PAGE), backwards=start is not None and start.newer)

    def url(place: Place | None) -> str | None:
        return f"{base_url}/v1/predictions?cursor={cursor(caller, place, filters)}" if place else None

    return {"previous": url(found.newer), "next": url(found.older), "results": found.things}


def _fitting(page: Page[Prediction], *, backwards: bool) -> Page[dict[str, Any]]:
    """As many of these, from where the walk began, as one answer can hold; always one. The rest is not even read."""
    walked = page.things[::-1] if backwards else page.things
    results: list[dict[str, Any]] = []
    older, newer, size = page.older, page.newer, 0
    for n, prediction in enumerate(walked):
        result = shown(prediction)
        size += len(json.dumps(result))
        if results and size > ANSWERED:
            last = Place(walked[n - 1].id, walked[n - 1].created_at, backwards)
            older, newer = (older, last) if backwards else (last, newer)
            break
        results.append(result)
    return Page(results[::-1] if backwards else results, older, newer)


def cursor(caller: str, place: Place, filters: Filters = Filters()) -> str:
    """Names a place in one caller's list."""
    narrowed = {name: value for name, value in asdict(filters).items() if value is not None}
    text = json.dumps([_owner(caller), place.id, place.created_at, place.newer, narrowed], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place(caller: str, cursor: str) -> tuple[Place, Filters]:
    """What a caller's cursor names. Raises ApiError 400 for one that is not this caller's."""
    wrong = ApiError(400, "Invalid cursor", "This cursor is not one of yours: take it from `next` or `previous`.")
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        owner, thing, created_at, newer, narrowed = json.loads(text)
        texts = all(isinstance(value, str) for value in narrowed.values())
        filters = _filters(narrowed if texts else {})
        known = clock.stamp(clock.parse(created_at)) == created_at and filters.between.holds(created_at)
        valid = texts and known and owner == _owner(caller) and ids.looks_right(thing) and isinstance(newer, bool)
    except (ValueError, TypeError, AttributeError, ApiError, binascii.Error, RecursionError) as error:
        raise wrong from error
    if not valid:
        raise wrong
    return Place(thing, created_at, newer), filters


def _filters(query: Mapping[str, str]) -> Filters:
    """Raises ApiError 400 for what is no moment, or no status."""
    status = query.get("status")
    if status is not None and status not in STATUSES:
        raise ApiError(400, "Invalid status", f"status is one of {', '.join(STATUSES)}.")
    return Filters(
        created_after=_moment(query, "created_after"),
        created_before=_moment(query, "created_before"),
        status=status,
        model=query.get("model"),
        provider=query.get("provider"),
    )


def _moment(query: Mapping[str, str], name: str) -> str | None:
    """The first stamp that is not before what was said, since stamps have no more than milliseconds."""
    text = query.get(name)
    if text is None:
        return None
    try:
        # In a query a + is a space. Before Lumeo nothing was made.
        moment = max(clock.parse(text.replace(" ", "+")), OLDEST)
        return clock.stamp(moment + timedelta(microseconds=-moment.microsecond % 1000))
    except (ValueError, OverflowError) as error:
        wanted = "a moment in ISO 8601 with its zone, such as 2026-11-21T10:00:00Z"
        raise ApiError(400, f"Invalid {name}", f"{name} is not {wanted}.") from error


def _just_before(stamp: str) -> str:
    return clock.later(-0.001, stamp)


def _owner(caller: str) -> str:
    return hashlib.sha256(caller.encode()).hexdigest()[:16]
