"""Who is told of predictions by webhooks."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import trustme

from local.serving import Server

PATIENCE = 10


@dataclass
class Receiver:
    """An application that keeps what it is sent. Each path answers with the status that it names."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)
    freed: threading.Event = field(default_factory=threading.Event)
    """Until then `/slow` does not answer."""

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        body = environ["wsgi.input"].read()
        with self.arrived:
            self.requests.append({**environ, "body": body, "at": time.monotonic()})
            self.arrived.notify_all()
        path = environ["PATH_INFO"]
        if path == "/slow":
            self.freed.wait(PATIENCE)
        status = path[1:4] if path[1:4].isdigit() else "200"
        start(f"{status} Said so", [("Content-Length", "0"), ("Location", "/200/elsewhere")])
        return [b""]

    def wait_for(self, count: int, path: str = "") -> list[dict[str, Any]]:
        """So many requests, for one path or all."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.of(path)) >= count, PATIENCE), self.requests
            return self.of(path)

    def of(self, path: str) -> list[dict[str, Any]]:
        return [request for request in self.requests if request["PATH_INFO"].startswith(path)]


@contextmanager
def secured(authority: trustme.CA) -> Iterator[str]:
    """A receiver behind TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Server(Receiver(), tls=context) as server:
        yield server.url
