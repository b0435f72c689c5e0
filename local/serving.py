"""WSGI applications on 127.0.0.1: a thread per connection, HTTP/1.1 with connections that stay open, TLS if wanted."""

import io
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

HOST = "127.0.0.1"
LOOK_EVERY = 0.05

Application = Callable[..., Iterable[bytes]]


class Handler(WSGIRequestHandler):
    """Werkzeug's own closes the connection after each answer; what we stand in for keeps it open."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request. An application that raises a ConnectionError has ended the connection."""
        environ = self.make_environ()
        if "wsgi.input_terminated" not in environ:
            environ["wsgi.input"] = io.BytesIO(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        try:
            self._send(self.server.app(environ, self._start_response))
        except ConnectionError:
            self.close_connection = True

    def _start_response(self, status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        has_length = any(name.lower() == "content-length" for name, _ in headers)
        self._chunked = not has_length and self.command != "HEAD" and int(code) not in {204, 304}
        if self._chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _send(self, body: Iterable[bytes]) -> None:
        try:
            for piece in filter(None, body):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if self._chunked else piece)
            if self._chunked:
                self.wfile.write(b"0\r\n\r\n")
        finally:
            if hasattr(body, "close"):
                body.close()

    def log(self, *_: Any, **__: Any) -> None:
        """Quiet: a local stack answers thousands of its own requests."""


class Listener(ThreadedWSGIServer):
    """Knows its open connections, so that it can end them."""

    daemon_threads = True

    def __init__(self, app: Application, port: int, tls: ssl.SSLContext | None) -> None:
        super().__init__(HOST, port, app, handler=Handler, ssl_context=tls)
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class Server:
    """An application that answers until it is closed."""

    def __init__(self, app: Application, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._listener = Listener(app, port, tls)
        self.port: int = self._listener.port
        self.url = f"{'https' if tls else 'http'}://{HOST}:{self.port}"
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(LOOK_EVERY,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the server and every connection to it."""
        self._listener.shutdown()
        self._thread.join()
        self._listener.hang_up()
        self._listener.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
