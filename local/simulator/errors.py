"""Replicate's error bodies (`application/problem+json`), and the exception that carries one to the caller."""

from typing import Any

NO_CREDIT = (
    "You have insufficient credit to run this model. Go to https://replicate.com/account/billing#billing to purchase "
    "credit. Once you purchase credit, please wait a few minutes before trying again."
)

BODIES: dict[int, dict[str, Any]] = {
    401: {"title": "Unauthenticated", "detail": "You did not pass a valid authentication token", "status": 401},
    402: {"title": "Insufficient credit", "detail": NO_CREDIT, "status": 402},
    404: {"title": "Not found", "detail": "The requested resource could not be found.", "status": 404},
    422: {
        "title": "Invalid version or not permitted",
        "detail": "The specified version does not exist (or perhaps you don't have permission to use it?)",
        "status": 422,
    },
    429: {"detail": "Request was throttled. Your rate limit resets in ~30s."},
}


class ApiError(Exception):
    """What Replicate answers instead of what was asked for."""

    def __init__(self, status: int, body: dict[str, Any] | None = None) -> None:
        """`body`: Replicate's usual one for that status unless given."""
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body if body is not None else body_for(status)


def body_for(status: int) -> dict[str, Any]:
    """Replicate's body for a status, a plain one where it has none of its own."""
    return BODIES.get(status) or {"detail": f"The server answered {status}.", "status": status}


def unauthenticated(detail: str) -> ApiError:
    return ApiError(401, {**BODIES[401], "detail": detail})


def invalid_input(fields: list[dict[str, str]]) -> ApiError:
    """The 422 that names each field and what is wrong with it."""
    detail = "".join(f"- {field['field'] or '(root)'}: {field['description']}\n" for field in fields)
    return ApiError(
        422, {"detail": detail, "status": 422, "title": "Input validation failed", "invalid_fields": fields}
    )


def bad_request(detail: str) -> ApiError:
    return ApiError(400, {"detail": detail, "status": 400})
