"""Take files in: their bytes with the request while they are small, or by a URL to which they may be put."""

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from lumeo import api, aws, clock, documents, ids, listing, media, settings
from lumeo.errors import ApiError, NotFound
from lumeo.faults import mistyped
from lumeo.file_urls import url
from lumeo.files import File, arrived, files, readable_url, shelf
from lumeo.forms import Part
from lumeo.pages import Place
from lumeo.prediction import Document
from lumeo.redaction import redacted
from lumeo.telemetry import also

LARGEST_POSTED = 4 * 1024 * 1024
"""Bytes that come with a request: Lambda is given 6 MB at most, of which base64 takes a quarter."""
LARGEST_PUT = 5 * 1024**3
"""Bytes that one PUT may bring to S3."""
LONGEST_NAME = 255
LARGEST_METADATA = 16 * 1024
GRANTED_SECONDS = 3600
HEAD_BYTES = 512


def post(caller: str, form: Mapping[str, Part]) -> File:
    """A file whose bytes are in a form's part `content`. Raises ApiError 413 and 422."""
    part = form.get("content")
    if part is None:
        raise api.invalid(("required", "content", "content is required"))
    if len(part.content) > LARGEST_POSTED:
        detail = f"Files must be at most {LARGEST_POSTED // 1024**2} MB here. POST /v1/files/uploads takes larger ones."
        raise ApiError(413, "Too large", detail)
    name = _name(_text(form, "filename") or part.filename or "file")
    said = _text(form, "type") or part.content_type
    kind = media.content_type(said, name, part.content[:HEAD_BYTES])
    file = _new(caller, name, kind, len(part.content), _metadata(_said(form)))
    checksums = {
        "sha256": hashlib.sha256(part.content).hexdigest(),
        "md5": hashlib.md5(part.content, usedforsecurity=False).hexdigest(),
    }
    file = replace(file, checksums=checksums, etag=checksums["md5"])
    aws.s3().put_object(Bucket=settings.bucket_name(), Key=file.key, Body=part.content, **_headers(file))
    files().put(file)
    return file


def grant(caller: str, body: Mapping[str, Any]) -> tuple[File, dict[str, Any]]:
    """A file that is still to come, and how to put it there: `{method, url, headers, expires_at}`.

    Raises ApiError 422 for what is missing or of the wrong type.
    """
    size = body.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= LARGEST_PUT:
        raise api.invalid(("invalid_type", "size", f"Expected the file's bytes, an integer from 1 to {LARGEST_PUT}"))
    wrong = [name for name in ("filename", "content_type", "sha256") if not isinstance(body.get(name, ""), str)]
    if wrong:
        raise api.invalid(*(mistyped(name, "string", body[name]) for name in wrong))
    sha256 = body.get("sha256", "").lower()
    if sha256 and not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise api.invalid(("pattern", "sha256", "Expected 64 hex digits"))
    name = _name(body.get("filename") or "file")
    kind = media.said_type(body.get("content_type", ""), name) or "application/octet-stream"
    file = replace(
        _new(caller, name, kind, size, _metadata(body.get("metadata", {}))),
        checksums={"sha256": sha256} if sha256 else {},
        awaited=True,
    )
    files().put(file)
    return file, _granted(file)


def _granted(file: File) -> dict[str, Any]:
    said = _headers(file)
    headers = {
        "Content-Type": said["ContentType"],
        "Content-Disposition": said["ContentDisposition"],
        "Cache-Control": said["CacheControl"],
    }
    params: dict[str, Any] = {"Bucket": settings.bucket_name(), "Key": file.key, "ContentLength": file.size, **said}
    if file.checksums:
        # S3 refuses what is something else.
        params["ChecksumSHA256"] = base64.b64encode(bytes.fromhex(file.checksums["sha256"])).decode()
        headers["x-amz-checksum-sha256"] = params["ChecksumSHA256"]
    return {
        "method": "PUT",
        "url": aws.s3().generate_presigned_url("put_object", Params=params, ExpiresIn=GRANTED_SECONDS),
        "headers": headers,
        "expires_at": clock.later(GRANTED_SECONDS),
    }


def page(caller: str, cursor: str | None, origin: str) -> dict[str, Any]:
    """Replicate's page of a caller's files, newest first. Raises ApiError 400 for a cursor that is none."""
    start = listing.place(caller, cursor)[0] if cursor else None
    found = files().page(caller, start, listing.PAGE)

    def link(place: Place | None) -> str | None:
        return f"{origin}/v1/files?cursor={listing.cursor(caller, place)}" if place else None

    results = [shown(file, origin) for file in found.things]
    return {"previous": link(found.newer), "next": link(found.older), "results": results}


def owned(file_id: str, caller: str) -> File:
    """A caller's own file, as it is now. Raises ApiError 404."""
    if not ids.looks_right(file_id):
        raise NotFound
    also(file_id=file_id)
    file = files().get(file_id, caller)
    if file is None:
        raise NotFound
    return arrived(file)


def shown(file: File, origin: str) -> dict[str, Any]:
    """Replicate's file object."""
    return {
        "id": file.id,
        "name": file.name,
        "content_type": file.content_type,
        "size": file.size,
        "etag": file.etag,
        "checksums": dict(file.checksums),
        "metadata": documents.value(file.metadata),
        "created_at": file.created_at,
        "expires_at": clock.stamp(clock.moment(file.expires_at)),
        "urls": {"get": url(origin, file.id)},
    }


def download_url(file: File) -> str:
    """Where its bytes are. Raises ApiError 404 while they have not come."""
    if file.awaited:
        raise ApiError(404, "Not found", "This file has not been uploaded yet.")
    return readable_url(file)


def _new(caller: str, name: str, kind: str, size: int, metadata: Any) -> File:
    file_id, now = ids.new(), clock.stamp()
    also(file_id=file_id)
    return File(
        id=file_id,
        owner=caller,
        caller=shelf(caller),
        created_at=now,
        expires_at=int(clock.now().timestamp()) + settings.input_days() * 86_400,
        key=f"inputs/{secrets.token_hex(16)}/{_key_name(name, kind)}",
        name=name,
        content_type=kind,
        size=size,
        metadata=Document(json=redacted(json.dumps(metadata))),
    )


def _headers(file: File) -> dict[str, Any]:
    disposition = "inline" if media.is_for_looking_at(file.content_type) else "attachment"
    return {
        "ContentType": file.content_type,
        # Short: what is deleted should be gone from the CDN soon.
        "CacheControl": "private, max-age=300",
        "ContentDisposition": f'{disposition}; filename="{PurePosixPath(file.key).name}"',
    }


def _name(text: str) -> str:
    if len(text.encode("utf-8", "replace")) > LONGEST_NAME:
        raise api.invalid(("string_lte", "filename", f"Expected at most {LONGEST_NAME} bytes"))
    return redacted(text.encode("utf-8", "replace").decode())


def _key_name(name: str, kind: str) -> str:
    """A name that is the same in every URL, with an extension that fits."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", PurePosixPath(name).stem).strip("-")[:80] or "file"
    return f"{stem}.{media.extension(kind, name)}"


def _metadata(value: Any) -> Any:
    if not isinstance(value, dict) or len(json.dumps(value)) > LARGEST_METADATA:
        raise api.invalid(("invalid_type", "metadata", f"Expected an object of at most {LARGEST_METADATA} characters"))
    return value


def _said(form: Mapping[str, Part]) -> Any:
    """The metadata in a form: a part with JSON, or, as some clients send it, a part `metadata[…]` for each key."""
    if "metadata" not in form:
        keys = [name for name in form if re.fullmatch(r"metadata\[.+\]", name, re.DOTALL)]
        return {name[len("metadata[") : -1]: _text(form, name) for name in keys}
    try:
        return api.strict_json(_text(form, "metadata") or "{}")
    except (ValueError, RecursionError):
        return None


def _text(form: Mapping[str, Part], name: str) -> str:
    return form[name].content.decode("utf-8", "replace").strip() if name in form else ""
