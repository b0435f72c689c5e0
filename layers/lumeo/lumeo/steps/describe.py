"""What there is to read of models: through a cache, and under the catalogue's names too."""

import json
import math
import re
from typing import Any
from urllib.parse import parse_qs, quote

from lumeo import catalogue, settings
from lumeo.catalogue import Entry
from lumeo.errors import ApiError, Gone, NotFound, ProviderError, Retryable
from lumeo.models import NAME, Known, is_name, models
from lumeo.prediction import is_hash
from lumeo.providers import DEFAULT, provider
from lumeo.redaction import redacted
from lumeo.telemetry import logger

SECONDS = 8
RETRY_SECONDS = 10
ANSWERED = 2 * 1024 * 1024
"""Characters of JSON that a page of versions holds: those after have no schema in it."""
LONGEST_CURSOR = 512


def models_offered(origin: str) -> dict[str, Any]:
    """A page of the catalogue's models, as its file names them. Their schemas are in each model alone."""
    results = [
        {
            "url": f"{origin}/v1/models/{entry.model}",
            "owner": catalogue.OWNER,
            "name": entry.name,
            "description": entry.description or None,
            "visibility": "private",
            "run_count": 0,
            **dict.fromkeys(("github_url", "paper_url", "license_url", "cover_image_url")),
            **dict.fromkeys(("default_example", "latest_version")),
        }
        for entry in catalogue.catalogue().values()
    ]
    return {"previous": None, "next": None, "results": results}


def model(name: str) -> dict[str, Any]:
    """Replicate's model object. Raises ApiError 404, and 503 when nobody can say."""
    entry = _entry(name)
    if entry is None:
        return _shown(_read(name))
    described, _, version_id = entry.version.partition(":")
    latest = {"latest_version": _version_of(described, version_id)} if version_id else {}
    own = {"owner": catalogue.OWNER, "name": entry.name}
    described_as = {"description": entry.description} if entry.description else {}
    return _shown(_read(described)) | own | described_as | latest


def versions(name: str, cursor: str | None, origin: str) -> dict[str, Any]:
    """A page of a model's versions, newest first. Raises ApiError as `model`, and 400 for a cursor that is none."""
    entry = _entry(name)
    if entry and ":" in entry.version:
        described, _, version_id = entry.version.partition(":")
        return {"previous": None, "next": None, "results": [_version_of(described, version_id)]}
    if cursor and (len(cursor) > LONGEST_CURSOR or not re.fullmatch(r"[!-~]+", cursor)):
        raise ApiError(400, "Invalid cursor", "This cursor is none: take it from `next` or `previous`.")
    described = entry.version if entry else name
    path = f"{described}/versions"
    # Anything may be a cursor: only what has none is kept.
    page = _asked(f"{path}?cursor={quote(cursor, safe='')}", None) if cursor else _read(path)

    def link(theirs: Any) -> str | None:
        found = parse_qs(str(theirs or "").partition("?")[2]).get("cursor")
        return f"{origin}/v1/models/{name}/versions?cursor={quote(found[0], safe='')}" if found else None

    results = page.get("results")
    listed = [found for found in results if isinstance(found, dict)] if isinstance(results, list) else []
    return {"previous": link(page.get("previous")), "next": link(page.get("next")), "results": _fitting(listed)}


def version(name: str, version_id: str) -> dict[str, Any]:
    """Replicate's version object. Raises ApiError as `model`."""
    entry = _entry(name)
    described, _, pinned = entry.version.partition(":") if entry else (name, "", version_id)
    if version_id != pinned or not NAME.fullmatch(version_id):
        raise NotFound
    return _version_of(described, version_id)


def _version_of(name: str, version_id: str) -> dict[str, Any]:
    known = models().version(DEFAULT, version_id) if is_hash(version_id) else None
    if known is None or known.path != name:
        body = _asked(f"{name}/versions/{version_id}", None)
        models().keep_version(DEFAULT, name, body)
        return _version(body)
    return _version(known.body)


def _entry(name: str) -> Entry | None:
    """The catalogue's model of that name, if it is one. Raises ApiError 404 for a name that nothing may have."""
    entry = catalogue.entry(name)
    allowed = is_name(name) and not catalogue.is_own(name) and settings.version_policy() != "catalogue"
    if entry is None and not allowed:
        raise NotFound
    return entry


def _read(path: str) -> dict[str, Any]:
    known = models().at(DEFAULT, path)
    if known and known.fresh:
        return known.body
    body = _asked(path, known)
    if not known or body is not known.body:
        models().keep(DEFAULT, path, body)
    return body


def _asked(path: str, known: Known | None) -> dict[str, Any]:
    """What the provider says now, or, where it cannot be asked, what it said before."""
    try:
        return provider(DEFAULT).describe(path, SECONDS)
    except Gone as error:
        raise NotFound from error
    except ProviderError as error:
        logger.warning("a model could not be read", raw=redacted(error.raw))
        if known:
            return known.body
        after = error.after if isinstance(error, Retryable) else None
        detail = "Models cannot be read at the moment. Please try again later."
        raise ApiError(503, "Service unavailable", detail, retry_after=math.ceil(after or RETRY_SECONDS)) from error


def _shown(body: dict[str, Any]) -> dict[str, Any]:
    """What official clients can read: an example would have to be a whole prediction."""
    latest = body.get("latest_version")
    return body | {
        "default_example": None,
        "latest_version": _version(latest) if isinstance(latest, dict) else None,
    }


def _version(body: dict[str, Any]) -> dict[str, Any]:
    return body | {
        "cog_version": str(body.get("cog_version") or ""),
        "openapi_schema": body.get("openapi_schema") or {},
    }


def _fitting(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All versions, the later ones without their schemas where those would be too much for one answer."""
    fitting, size = [], 0
    for found in results:
        shown = _version(found)
        size += len(json.dumps(shown))
        fitting.append(shown if size <= ANSWERED else shown | {"openapi_schema": {}})
    return fitting
