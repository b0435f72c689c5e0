"""Requests, as API Gateway hands them over in payload 2.0, and the functions that answer them.

The gateway has matched the path already: an event names its route, and what stood in the path for each name of it.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from lumeo.errors import ApiError, NotFound
from lumeo.telemetry import logger

Answer = dict[str, Any]
"""What API Gateway makes an answer of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. `route` as in the template: `GET /v1/predictions/{id}`; `parameters`: what its path names.

    Names of headers are in lower case. `body` is text, or, where that is `encoded`, bytes in base64. `domain` is the
    gateway's word for where it was reached, not the client's.
    """

    route: str
    path: str
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str
    encoded: bool
    domain: str

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Self:
        return cls(
            route=event["routeKey"],
            path=event["rawPath"],
            parameters=event.get("pathParameters") or {},
            query=event.get("queryStringParameters") or {},
            headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
            body=event.get("body") or "",
            encoded=event.get("isBase64Encoded", False),
            domain=event["requestContext"]["domainName"],
        )

    @property
    def named(self) -> str:
        """The model, or the deployment, that its path names."""
        return f"{self.parameters['owner']}/{self.parameters['name']}"


Route = Callable[[Request], Answer]


class Routes:
    """What a function answers. Every error is answered in Replicate's shape."""

    def __init__(self) -> None:
        self._routes: dict[str, Route] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._routes)

    def to(self, key: str) -> Callable[[Route], Route]:
        """Has a function answer the requests of one route."""

        def kept(route: Route) -> Route:
            self._routes[key] = route
            return route

        return kept

    def answer(self, event: Mapping[str, Any]) -> Answer:
        """The answer to an event. Raises nothing."""
        try:
            request = Request.of(event)
            if request.route not in self._routes:
                raise NotFound  # noqa: TRY301 (answered as all others are)
            return self._routes[request.route](request)
        except ApiError as error:
            return problem(error)
        except Exception:  # noqa: BLE001 (the log says what it was, the caller reads that it was ours)
            logger.exception("unexpected")
            return problem(ApiError(500, "Internal error", "Something went wrong on our side. Please try again."))


def as_json(value: Any) -> str:
    """JSON text as we answer it."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    # Half a surrogate pair, which JSON can say and UTF-8 cannot, goes back as it came: escaped.
    return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", text)


def answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """A JSON answer."""
    return _answer(status, as_json(body), {"Content-Type": "application/json", **(headers or {})})


def no_content() -> Answer:
    """The answer where nothing is left to say."""
    return _answer(204, "", {})


def redirect(url: str) -> Answer:
    """The answer that what was asked for is somewhere else."""
    return answer(302, {"url": url}, {"Location": url})


def problem(error: ApiError) -> Answer:
    """The answer that something is wrong."""
    return _answer(error.status, as_json(error.body()), {"Content-Type": "application/problem+json", **error.headers})


def _answer(status: int, body: str, headers: Mapping[str, str]) -> Answer:
    return {"statusCode": status, "headers": dict(headers), "body": body, "isBase64Encoded": False}
