"""What the faults do to an answer."""

import json
import math
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from flask import Response

from local.simulator.errors import body_for
from local.simulator.faults import Fault
from local.simulator.models import UNKNOWN_STATUS
from local.simulator.prediction import Prediction
from local.simulator.reply import reply
from lumeo.clock import Clock

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PAGE = "<!doctype html>\n<title>Just a moment…</title>\n<h1>We will be right back</h1>\n"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)

Change = Callable[[dict[str, Any]], Any]
CHANGES: dict[str, Change] = {
    "unknown_status": lambda shown: shown.update(status=UNKNOWN_STATUS),
    "hide_webhook": lambda shown: shown.pop("webhook", None),
}


class Reset(Response):
    """No answer: the client's connection is reset."""

    def get_wsgi_response(self, environ: "WSGIEnvironment") -> NoReturn:
        connection: socket.socket = environ["werkzeug.socket"]
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        socket.close(connection.detach())
        raise ConnectionResetError


def instead(fault: Fault, clock: Clock) -> Response | None:
    """The answer to a request that is not acted on; None, perhaps after a while, if it is."""
    match fault.kind:
        case "slow_accept":
            clock.sleep(fault.get("seconds"))
            return None
        case "drop_before":
            return Reset()
        case "status":
            return _other_status(fault)
        case "throttle":
            return _throttled(fault)
        case _:
            return None


def listed(predictions: list[Prediction], fault: Fault | None, now: datetime) -> list[Prediction]:
    """What a list is made of: a fault may leave out the young."""
    if fault is None or fault.kind != "lag":
        return predictions
    return [prediction for prediction in predictions if prediction.age(now) >= fault.get("seconds")]


def spoiled(answer: Response, fault: Fault, clock: Clock) -> Response:
    """What the fault makes of the answer to a request that was acted on."""
    match fault.kind:
        case "drop_after":
            return Reset()
        case "delay":
            clock.sleep(fault.get("seconds"))
            return answer
        case "status_after":
            return _other_status(fault)
        case "html":
            return Response(PAGE, fault.get("status", 200), content_type="text/html; charset=utf-8")
        case "half_json":
            whole = answer.get_data()
            return Response(whole[: len(whole) // 2], content_type=answer.content_type)
        case "unknown_status" | "hide_webhook":
            return _with_each(answer, CHANGES[fault.kind])
        case "redirect":
            return Response(status=302, headers={"Location": fault.get("location")})
        case "wrong_type":
            answer.headers["Content-Type"] = fault.get("content_type")
            return answer
        case "truncate" | "short":
            return _cut(answer, fault)
        case _:
            return answer


def _other_status(fault: Fault) -> Response:
    status, body = fault.get("status"), fault.get("body")
    if isinstance(body, str):
        return Response(body, status, fault.get("headers"))
    return reply(body_for(status) if body is None else body, status, fault.get("headers"))


def _throttled(fault: Fault) -> Response:
    seconds, hint = fault.get("seconds", 1), fault.get("hint", "text")
    detail = "Request was throttled."
    match hint:
        case "header":
            return reply({"detail": detail, "status": 429}, 429, {"Retry-After": str(seconds)})
        case "body":
            return reply({"detail": detail, "status": 429, "retry_after": seconds}, 429)
        case "text":
            return reply({"detail": f"{detail} Your rate limit resets in ~{seconds}s."}, 429)
        case _:
            return reply({"detail": detail}, 429)


def _with_each(answer: Response, change: Change) -> Response:
    """The answer with each of its predictions changed."""
    body: dict[str, Any] = json.loads(answer.get_data())
    for shown in [body, *body.get("results", [])]:
        if "urls" in shown:
            change(shown)
    answer.set_data(json.dumps(body))
    return answer


def _cut(answer: Response, fault: Fault) -> Response:
    """A part of the file, then the end of the connection. Without a length the server sends chunks."""
    length = answer.content_length
    if length is None or answer.status_code not in {200, 206}:
        return answer
    answer.response = _broken_off(answer.iter_encoded(), math.floor(length * fault.get("fraction", 0.5)))
    if fault.kind == "short":
        del answer.headers["Content-Length"]
    return answer


def _broken_off(pieces: Iterable[bytes], length: int) -> Iterator[bytes]:
    left = length
    for piece in pieces:
        if left <= 0:
            break
        yield piece[:left]
        left -= len(piece)
    raise ConnectionAbortedError
