"""Our HTTP API's common part: who calls, what came, and how an error is answered, in Replicate's shapes.

Callers are known here and not by an authorizer, which could only answer in API Gateway's own error shape.
"""

import base64
import json
import math
import re
from functools import cache
from pathlib import Path
from typing import Any

from lumeo import durations, ids, settings
from lumeo.errors import ApiError, NotFound
from lumeo.keys import keys
from lumeo.prediction import Prediction
from lumeo.routes import Request
from lumeo.store import store
from lumeo.telemetry import about, also

MAX_BODY_BYTES = 1024 * 1024
"""Of a request. Every answer shows the input again, as JSON within JSON, and Lambda answers 6 MB at most."""
LONGEST_HOLD = 25.0
"""Seconds for which an answer is held: API Gateway gives up after 30."""
LONGEST_KEY = 255
SHORTEST_CANCEL_AFTER = 5


def owned(prediction_id: str, caller: str) -> Prediction:
    """A caller's own prediction. Raises ApiError 404, the same for one that is not there and for another's."""
    if not ids.looks_right(prediction_id):
        raise NotFound
    about(prediction_id)
    prediction = store().get(prediction_id)
    if prediction is None or prediction.caller != caller:
        raise NotFound
    return prediction


def caller(request: Request) -> str:
    """Who calls, by `Authorization: Bearer lum_…` or `Token lum_…`. Raises ApiError 401."""
    header = request.headers.get("authorization", "")
    scheme, _, key = header.strip().partition(" ")
    if not header or not key.strip():
        raise ApiError(401, "Unauthenticated", "You did not pass an authentication token")
    known = keys().caller(key.strip()) if scheme.lower() in {"bearer", "token"} else None
    if known is None:
        raise ApiError(401, "Unauthenticated", "You did not pass a valid authentication token")
    also(caller=known)
    return known


def origin(request: Request) -> str:
    """The origin that the caller reached us at; every URL that we give begins with it."""
    return settings.public_url() or f"https://{request.domain}"


def body(request: Request) -> dict[str, Any]:
    """The request's JSON object. Raises ApiError 413 or 400."""
    try:
        text = base64.b64decode(request.body).decode() if request.encoded else request.body
    except ValueError as error:
        raise ApiError(400, "Bad request", "The body is not UTF-8 text.") from error
    if len(text.encode("utf-8", "replace")) > MAX_BODY_BYTES:
        limit = f"{MAX_BODY_BYTES // 1024**2} MB"
        raise ApiError(413, "Too large", f"The body is over {limit}. Pass large files as URLs.")
    try:
        value = strict_json(text)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "Bad request", f"The body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ApiError(400, "Bad request", "The body is not a JSON object.")
    return value


def strict_json(text: str) -> Any:
    """What JSON text says. Raises ValueError also for what Python takes beside JSON: NaN, Infinity, and the like."""
    return json.loads(text, parse_constant=_refuse, parse_float=_finite)


def content(request: Request) -> bytes:
    """The request's body as the bytes that came: a signature is over them. Raises ApiError 400."""
    if not request.encoded:
        return request.body.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(request.body, validate=True)
    except ValueError as error:
        raise ApiError(400, "Bad request", "The body cannot be read.") from error


def query(request: Request) -> dict[str, str]:
    """The request's query; of a parameter that came twice, the first: clients add theirs to a URL that has them."""
    return {name: value.partition(",")[0] for name, value in request.query.items()}


def description(origin: str) -> dict[str, Any]:
    """Our API in OpenAPI's words, as it is at that origin."""
    return {**_openapi(), "servers": [{"url": origin}]}


def preferred_wait(request: Request) -> int | None:
    """Seconds that `Prefer: wait[=n]` asks for, 1 to 60; None without it."""
    header = request.headers.get("prefer", "")
    found = re.search(r"(?:^|[,;\s])wait(?:\s*=\s*(\d+))?\s*(?:$|[,;])", header, re.IGNORECASE)
    if found is None:
        return None
    asked = (found[1] or "60").lstrip("0") or "0"
    return max(1, min(60, int(asked))) if len(asked) <= 2 else 60


def preference_applied(wait: int | None) -> dict[str, str]:
    """The header that says which wait was honoured."""
    return {"Preference-Applied": f"wait={wait}"} if wait else {}


def replayed(*, again: bool) -> dict[str, str]:
    """The header that says that the request had come before."""
    return {"Idempotent-Replayed": "true"} if again else {}


def cancel_after(request: Request) -> int | None:
    """Seconds that `Cancel-After` gives a prediction: `30`, `30s`, `5m`, `1h30m45s`. Raises ApiError 422."""
    header = request.headers.get("cancel-after", "").strip()
    if not header:
        return None
    asked = durations.seconds(header)
    if asked < SHORTEST_CANCEL_AFTER:
        wanted = f"Expected a duration of at least {SHORTEST_CANCEL_AFTER} s, such as 30, 90s, 5m or 1h30m45s."
        raise ApiError(422, "Invalid Cancel-After", f"Cancel-After: {wanted}")
    return asked


def idempotency_key(request: Request) -> str | None:
    """What names a request across its repeats. Raises ApiError 400 for one that is too long."""
    key = request.headers.get("idempotency-key", "").strip()
    if len(key) > LONGEST_KEY:
        raise ApiError(400, "Bad request", f"The Idempotency-Key is over {LONGEST_KEY} characters.")
    return key or None


def repeat(request: Request) -> int | None:
    """Which repeat of a request it is, from 0, where the client says so: those made by Stainless do."""
    count = request.headers.get("x-stainless-retry-count", "").strip()
    return int(count) if re.fullmatch(r"[0-9]{1,3}", count) else None


def hold(wait: int | None) -> float:
    """Seconds to hold an answer: a client that asked for n reads until shortly after n, so ours comes before."""
    return min(LONGEST_HOLD, wait - 0.5) if wait else 0.0


def invalid(*fields: tuple[str, str, str]) -> ApiError:
    """422 for wrong fields, each (gojsonschema's type, field, description), as Replicate answers them."""
    lines = [f"- {field}: {description}" if field else f"- {description}" for _, field, description in fields]
    return ApiError(
        422,
        "Input validation failed",
        "\n".join(lines) + "\n",
        invalid_fields=[{"type": kind, "field": field, "description": what} for kind, field, what in fields],
    )


@cache
def _openapi() -> dict[str, Any]:
    # Only who asks for it waits for the parser.
    import yaml  # noqa: PLC0415

    found: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("openapi.yaml").read_text())
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large a number")
    return number
