"""WSGI applications on 127.0.0.1, each request on a thread of its own."""

import ssl
import threading
from collections.abc import Callable
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

Application = Callable[..., Any]


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: a local stack answers thousands of its own requests."""


class Server:
    """A running server; `url` is its origin. `close` ends it."""

    def __init__(self, app: Application, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet, ssl_context=tls)
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.port

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
