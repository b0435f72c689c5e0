"""Documents: what is opaque to us, inline in an item while it is small, in the bucket when it is not.

Token-shaped strings are replaced before anything is stored: an official client has a bug that posts its own token as
input.
"""

import json
import re
from typing import Any

from lumeo import aws, settings
from lumeo.prediction import Document

INLINE_BYTES = 16 * 1024
# Without a word boundary before it: in JSON text a line end is written \n, and n is a letter.
TOKENS = re.compile(
    r"(r8_)[A-Za-z0-9]{30,}|(lum_)[A-Za-z0-9_-]{43}|(whsec_)[A-Za-z0-9+/=]{24,}"
    r"|(/v1/hooks/[\w-]+/[0-9a-z]{26}/)[A-Za-z0-9_-]+"
)


def redacted(text: str) -> str:
    """The text with Replicate's and our own tokens, and webhooks' secrets, replaced by their prefix and stars."""
    return TOKENS.sub(r"\1\2\3\4****", text)


def keep(prediction_id: str, name: str, value: Any) -> Document:
    """Store a JSON value as the prediction's document `name`; above 16 KB of text in the bucket, at once."""
    text = redacted(json.dumps(value, separators=(",", ":")))
    if len(text) <= INLINE_BYTES:
        return Document(json=text)
    key = f"records/{prediction_id}/{name}.json"
    aws.s3().put_object(Bucket=settings.bucket_name(), Key=key, Body=text.encode(), ContentType="application/json")
    return Document(key=key)


def value(document: Document | None) -> Any:
    """What a document holds; None where there is none."""
    if document is None:
        return None
    if document.key is not None:
        stored = aws.s3().get_object(Bucket=settings.bucket_name(), Key=document.key)
        return json.loads(stored["Body"].read())
    return json.loads(document.json or "null")
