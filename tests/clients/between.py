"""What stands between a client and the stack and loses requests, or answers, or is slow. It keeps what it was sent."""

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
from werkzeug.wrappers import Request, Response

from local.serving import Server

LOST = "lost"
ANSWER_LOST = "answer lost"
LATE = "late"
LATE_SECONDS = 4.0
HOP_BY_HOP = {"connection", "content-encoding", "content-length", "transfer-encoding", "keep-alive", "host"}


@dataclass
class Between:
    """An application that passes requests on. `faults` is what it does wrong with the next POSTs, in order."""

    stack: str
    trust: str
    faults: list[str]
    seen: list[str] = field(default_factory=list)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        return self._answer(Request(environ))(environ, start)

    def _answer(self, request: Request) -> Response:
        with self._turn:
            self.seen.append(f"{request.method} {request.path}")
            fault = self.faults.pop(0) if request.method == "POST" and self.faults else None
        if fault == LOST:
            raise ConnectionResetError
        answer = self._passed_on(request)
        if fault == ANSWER_LOST:
            raise ConnectionResetError
        if fault == LATE:
            time.sleep(LATE_SECONDS)
        return answer

    @property
    def posts(self) -> int:
        """How many requests to create something came."""
        return sum(call.startswith("POST") for call in self.seen)

    def _passed_on(self, request: Request) -> Response:
        with requests.Session() as session:
            session.trust_env, session.verify = False, self.trust
            answer = session.request(
                request.method,
                self.stack + request.full_path.removesuffix("?"),
                data=request.get_data(),
                headers={name: value for name, value in request.headers if name.lower() not in HOP_BY_HOP},
                timeout=60,
            )
        kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP]
        return Response(answer.content, answer.status_code, kept)


@contextmanager
def standing(between: Between, tls: ssl.SSLContext) -> Iterator[str]:
    """Its origin, for as long as it stands there."""
    with Server(between, tls=tls) as server:
        yield server.url
