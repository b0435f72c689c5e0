"""API Gateway on one machine: the template's routes, requests as payload 2.0 events, and its own limits.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import json
import re
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from werkzeug.wrappers import Request, Response

from local.contract import Contract
from local.functions import Invoking
from local.template import ACCOUNT, Route
from lumeo.telemetry import logger

MAX_BODY_BYTES = 10 * 1024 * 1024
MAX_EVENT_BYTES = 6 * 1024 * 1024
INTEGRATION_SECONDS = 30
_TEXT = re.compile(r"text/.*|application/(json|javascript|xml|.+\+(json|xml))")


class Gateway:
    """Answers HTTP requests by the functions behind the routes. With a contract, raises BrokenContract."""

    def __init__(self, routes: Iterable[Route], functions: Invoking, contract: Contract | None = None) -> None:
        self._functions = functions
        self._contract = contract
        self._default = next((route for route in routes if route.key == "$default"), None)
        self._routes = [(route, _pattern(route.key)) for route in routes if route.key != "$default"]

    def answer(self, request: Request) -> Response:
        if (request.content_length or 0) > MAX_BODY_BYTES:
            return _own(413, "Request Entity Too Large")
        route, parameters = self._match(f"{request.method} {request.path}")
        if route is None:
            return _own(404, "Not Found")
        started = time.monotonic()
        try:
            made = event(request, route.key, parameters)
            if len(json.dumps(made)) > MAX_EVENT_BYTES:
                return _own(413, "Request Too Long")
            result = self._functions.invoke(route.function, made)
        except Exception:  # noqa: BLE001 (an HTTP API hides every failure of its function)
            logger.exception("a function failed", failed=route.function)
            return _own(500, "Internal Server Error")
        if time.monotonic() - started > INTEGRATION_SECONDS:
            return _own(503, "Service Unavailable")
        response = _response(result)
        if self._contract:
            self._contract.check(route.key, parameters, request, response)
        return response

    def _match(self, call: str) -> tuple[Route | None, Mapping[str, str]]:
        for route, pattern in self._routes:
            found = pattern.fullmatch(call)
            if found:
                return route, found.groupdict()
        return self._default, {}


def event(request: Request, route_key: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """The event that API Gateway makes of a request."""
    body = request.get_data()
    text, encoded = _body(body, request.mimetype)
    headers: dict[str, str] = {}
    for name, value in request.headers:
        lower = name.lower()
        headers[lower] = f"{headers[lower]},{value}" if lower in headers else value
    now = time.time()
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": request.path,
        "rawQueryString": request.query_string.decode("latin-1"),
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "local",
            "domainName": request.host,
            "domainPrefix": request.host.partition(".")[0],
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.remote_addr or "127.0.0.1",
                "userAgent": request.headers.get("User-Agent", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": route_key,
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": encoded,
    }
    if request.args:
        made["queryStringParameters"] = {name: ",".join(values) for name, values in request.args.lists()}
    if parameters:
        made["pathParameters"] = dict(parameters)
    if body:
        made["body"] = text
    return made


def _body(body: bytes, content_type: str) -> tuple[str, bool]:
    """As text where its type says that it is one, else in base64."""
    try:
        if _TEXT.fullmatch(content_type):
            return body.decode("utf-8"), False
    except UnicodeDecodeError:
        pass
    return base64.b64encode(body).decode(), True


def _response(result: Any) -> Response:
    """What an HTTP API makes of a function's answer: with a status code as said, without one the whole as JSON."""
    if not isinstance(result, dict) or "statusCode" not in result:
        return Response(str(result), status=200, content_type="application/json")
    body = result.get("body") or ""
    content = base64.b64decode(body) if result.get("isBase64Encoded") else body.encode()
    response = Response(content, status=result["statusCode"])
    for name, value in (result.get("headers") or {}).items():
        response.headers[name] = value
    for cookie in result.get("cookies") or []:
        response.headers.add("Set-Cookie", cookie)
    return response


def _pattern(key: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(key)))


def _own(status: int, message: str) -> Response:
    """API Gateway's own error, which is not in our shape."""
    return Response(f'{{"message":"{message}"}}', status=status, content_type="application/json")
