"""HTTP sessions for what is not ours: providers, and the hosts of their files."""

import socket
import threading
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from lumeo.addresses import is_public
from lumeo.errors import PrivatePeer


class Session(requests.Session):
    """For one exchange: over after `seconds`, whatever the other side does, with the errors of a broken connection.

    Time-outs alone bound each read, not their sum: who drips a byte at a time would hold us for ever. Takes nothing
    from the environment: a proxy or a .netrc there must not see, or replace, a credential. Follows no redirect: even
    when told not to, requests reads the whole body of one, however long it is and takes, unless it finds no target.

    While `public` is set, raises PrivatePeer instead of sending anything to a machine that is not on the public
    internet. It is looked at once connected: no name can mean one address when it is checked, another when it is used.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.trust_env = False
        self.public = False
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
        peer = connection.getpeername()[0] if self.public else None
        if peer and not is_public(peer):
            connection.close()
            raise PrivatePeer(f"{peer} is not on the public internet")
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
    """Says which sockets it opens, before anything is sent on them: TLS is no exception."""

    def __init__(self, connected: Any) -> None:
        self._connected = connected
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        connected = self._connected

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                opened = super()._new_conn()
                connected(opened)
                return opened

        class Secure(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                opened = super()._new_conn()
                connected(opened)
                return opened

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
