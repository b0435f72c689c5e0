"""The network outside of AWS: connections in this process, WSGI applications at their other end.

Only the socket is replaced. requests, urllib3 and http.client do their work as ever, and so do their errors.
"""

import io
import re
import socket
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.world.calls import PROVIDER_SECONDS, Call, Seam
from tests.world.connection import Connection
from tests.world.hub import Hub

Application = Callable[..., Iterable[bytes]]

_OPERATIONS = (
    ("create", "POST", re.compile(r"/v1/(models/[^/]+/[^/]+/|deployments/[^/]+/[^/]+/)?predictions")),
    ("cancel", "POST", re.compile(r"/v1/predictions/[^/]+/cancel")),
    ("list", "GET", re.compile(r"/v1/predictions")),
    ("get", "GET", re.compile(r"/v1/predictions/[^/]+")),
    ("secret", "GET", re.compile(r"/v1/webhooks/default/secret")),
    ("model", "GET", re.compile(r"/v1/models/.+")),
    ("file", "GET", re.compile(r"/files/.+")),
)


class Net:
    """Who is there, by host name; everybody else's name cannot be resolved."""

    def __init__(self, hub: Hub, seam: Seam) -> None:
        self.hub = hub
        self.seam = seam
        self.applications: dict[str, Application] = {}
        self._refused: dict[Any, OSError] = {}
        self.answered: Callable[[], None] = lambda: None
        """Called whenever a request was acted on."""

    def connect(self, address: tuple[str, int], timeout: Any = None, *_: Any, **__: Any) -> Connection:
        """What urllib3 calls in order to connect."""
        refused = self._refused.get(self.hub.task)
        if refused:
            raise refused
        if address[0] not in self.applications:
            raise socket.gaierror(-2, "Name or service not known")
        application = self.applications[address[0]]

        def arrived(connection: Connection, head: bytes, body: bytes) -> None:
            self.hub.spawn(lambda: self._answer(connection, application, head, body), _service(address[0]))

        return Connection(self.hub, timeout if isinstance(timeout, int | float) else None, arrived)

    def send(self, original: Callable[..., Any], adapter: Any, request: Any, *args: Any, **options: Any) -> Any:
        """What requests calls in order to send, with the seam around it."""
        if self.hub.task is None:
            return original(adapter, request, *args, **options)
        call = call_of(request.method, request.url)
        said = self.seam.before(call, PROVIDER_SECONDS / 10)
        if isinstance(said, OSError):
            self._refused[self.hub.task] = said
        try:
            answer = original(adapter, request, *args, **options)
        except Exception as error:
            self.seam.after(call, type(error).__name__, 0)
            raise
        finally:
            self._refused.pop(self.hub.task, None)
        said = self.seam.after(call, str(answer.status_code), 0)
        if isinstance(said, Exception):
            answer.close()
            raise said
        return answer

    def _answer(self, connection: Connection, application: Application, head: bytes, body: bytes) -> None:
        """One request at the other end. An application that raises a ConnectionError has ended the connection."""
        self.hub.sleep(self.hub.chooser.seconds(PROVIDER_SECONDS))
        started: list[Any] = []
        try:
            try:
                pieces = application(_environ(head, body), lambda *args: started.extend(args[:2]))
            finally:
                # Also what gets no answer may have been acted on.
                self.answered()
            self.hub.sleep(self.hub.chooser.seconds(PROVIDER_SECONDS))
            self._reply(connection, started[0], started[1], pieces)
        except ConnectionResetError:
            connection.reset()
        except ConnectionError:
            connection.finish()

    def _reply(self, connection: Connection, status: str, headers: list[tuple[str, str]], pieces: Any) -> None:
        chunked = not any(name.lower() == "content-length" for name, _ in headers)
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers), "Connection: close"]
        lines += ["Transfer-Encoding: chunked"] if chunked else []
        connection.push("\r\n".join([*lines, "", ""]).encode("latin-1"))
        try:
            for piece in filter(None, pieces):
                connection.push(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            if chunked:
                connection.push(b"0\r\n\r\n")
            connection.finish()
        finally:
            if hasattr(pieces, "close"):
                pieces.close()


def call_of(method: str, url: str) -> Call:
    """A request as a call: what it does, by its verb if that is nothing of the provider's, and to which path."""
    parts = urlsplit(url)
    operation = next(
        (name for name, verb, form in _OPERATIONS if verb == method and form.fullmatch(parts.path)), method
    )
    item = "*" if operation in {"create", "list"} else parts.path.removesuffix("/cancel")
    return Call("", _service(parts.hostname or ""), operation, (item,), writes=method != "GET")


def _service(host: str) -> str:
    """`provider`, of `provider.test`."""
    return host.partition(".")[0]


class _Aborting:
    """Stands for the server's socket, where the simulator's faults reset it."""

    def setsockopt(self, *_: Any) -> None:
        raise ConnectionResetError


def _environ(head: bytes, body: bytes) -> dict[str, Any]:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    path, _, query = target.partition("?")
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    by_name = {name.lower(): value for name, value in headers}
    host, _, port = by_name.get("host", "").partition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path, "latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": host,
        "SERVER_PORT": port or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": by_name.get("content-type", ""),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "werkzeug.socket": _Aborting(),
    }
    skipped = {"content-length", "content-type"}
    environ |= {
        f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers if name.lower() not in skipped
    }
    return environ
