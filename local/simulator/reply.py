"""Answers as Flask wants them."""

import json
from collections.abc import Mapping
from typing import Any

from flask import Response

PROBLEM = "application/problem+json"


def reply(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer; an error has Replicate's own media type."""
    media_type = PROBLEM if status >= 400 else "application/json"
    return Response(json.dumps(body), status, headers, content_type=media_type)
