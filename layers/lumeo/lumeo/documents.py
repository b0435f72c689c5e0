"""Documents: what is opaque to us, inline in an item while it is small, in the bucket when it is not.

Token-shaped strings are replaced before anything is stored: an official client has a bug that posts its own token as
input.
"""

import hashlib
import json
from typing import Any

from lumeo import aws, settings
from lumeo.prediction import Document
from lumeo.redaction import redacted

INLINE_BYTES = 16 * 1024


def keep(prediction_id: str, name: str, value: Any) -> Document:
    """Store a JSON value as the prediction's document `name`."""
    return keep_at(f"records/{prediction_id}/{name}.json", value)


def keep_at(key: str, value: Any) -> Document:
    """Store a JSON value; above 16 KB of text in the bucket, at that key, at once."""
    text = redacted(json.dumps(value, separators=(",", ":")))
    if len(text) <= INLINE_BYTES:
        return Document(json=text)
    aws.s3().put_object(Bucket=settings.bucket_name(), Key=key, Body=text.encode(), ContentType="application/json")
    return Document(key=key, digest=hashlib.sha256(text.encode()).hexdigest()[:16])


def value(document: Document | None) -> Any:
    """What a document holds; None where there is none."""
    if document is None:
        return None
    if document.key is not None:
        stored = aws.s3().get_object(Bucket=settings.bucket_name(), Key=document.key)
        return json.loads(stored["Body"].read())
    return json.loads(document.json or "null")
