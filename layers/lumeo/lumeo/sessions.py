"""HTTP sessions for what is not ours: providers, and the hosts of their files."""

import socket
import threading
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Session(requests.Session):
    """For one exchange: over after `seconds`, whatever the other side does, with the errors of a broken connection.

    Time-outs alone bound each read, not their sum: who drips a byte at a time would hold us for ever. Takes nothing
    from the environment: a proxy or a .netrc there must not see, or replace, a credential. Follows no redirect: even
    when told not to, requests reads the whole body of one, however long it is and takes, unless it finds no target.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.trust_env = False
        self._sockets: list[socket.socket] = []
        self._over = False
        self._watchdog = threading.Timer(seconds, self._hang_up)
        self._watchdog.daemon = True
        for scheme in ("https://", "http://"):
            self.mount(scheme, _Adapter(self._connected))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None, whatever the answer says."""

    def __enter__(self) -> Self:
        self._watchdog.start()
        return self

    def close(self) -> None:
        self._watchdog.cancel()
        super().close()

    def _connected(self, connection: socket.socket) -> None:
        self._sockets.append(connection)
        if self._over:
            self._hang_up()

    def _hang_up(self) -> None:
        self._over = True
        for connection in self._sockets:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # closed already
                continue


class _Adapter(HTTPAdapter):
    """Says which sockets it opens, before anything is sent on them."""

    def __init__(self, connected: Any) -> None:
        self._connected = connected
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        connected = self._connected

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                connected(self.sock)

        class Secure(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                connected(self.sock)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
