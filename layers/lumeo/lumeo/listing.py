"""A caller's predictions, page by page, newest first, with cursors that nobody but the caller can use."""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from lumeo import clock, ids
from lumeo.errors import ApiError
from lumeo.prediction import Prediction
from lumeo.store import Place, store
from lumeo.view import shown

PAGE = 100
ANSWERED = 2 * 1024 * 1024
"""Characters of JSON that a page holds: Lambda answers 6 MB at most, and writes JSON within JSON."""


def page(caller: str, cursor: str | None, base_url: str) -> dict[str, Any]:
    """Replicate's page: `{next, previous, results}`, the first two absolute URLs or null. Raises ApiError 400."""
    start = _place(caller, cursor) if cursor else None
    backwards = start is not None and start.newer
    found = store().page(caller, start, PAGE)
    wanted = found.predictions[::-1] if backwards else found.predictions
    results = _fitting(wanted)
    older, newer = found.older, found.newer
    if len(results) < len(wanted):
        last = wanted[len(results) - 1]
        older, newer = (older, _beside(last, newer=True)) if backwards else (_beside(last, newer=False), newer)
    return {
        "previous": _url(base_url, caller, newer),
        "next": _url(base_url, caller, older),
        "results": results[::-1] if backwards else results,
    }


def _fitting(predictions: Sequence[Prediction]) -> list[dict[str, Any]]:
    """As many of these, from the first on, as one answer can hold; always one. The rest is not even read."""
    results: list[dict[str, Any]] = []
    size = 0
    for prediction in predictions:
        result = shown(prediction)
        size += len(json.dumps(result))
        if results and size > ANSWERED:
            break
        results.append(result)
    return results


def _beside(prediction: Prediction, *, newer: bool) -> Place:
    return Place(prediction.id, prediction.created_at, newer)


def _url(base_url: str, caller: str, place: Place | None) -> str | None:
    if place is None:
        return None
    text = json.dumps([_owner(caller), place.id, place.created_at, place.newer], separators=(",", ":"))
    return f"{base_url}/v1/predictions?cursor={base64.urlsafe_b64encode(text.encode()).decode().rstrip('=')}"


def _place(caller: str, cursor: str) -> Place:
    wrong = ApiError(400, "Invalid cursor", "This cursor is not one of yours: take it from `next` or `previous`.")
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        owner, prediction_id, created_at, newer = json.loads(text)
        clock.parse(created_at)
        valid = owner == _owner(caller) and ids.looks_right(prediction_id) and isinstance(newer, bool)
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError) as error:
        raise wrong from error
    if not valid:
        raise wrong
    return Place(prediction_id, created_at, newer)


def _owner(caller: str) -> str:
    return hashlib.sha256(caller.encode()).hexdigest()[:16]
