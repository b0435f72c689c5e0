"""Nothing is said to a machine that is not on the public internet."""

import io
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from lumeo.errors import PrivatePeer
from lumeo.sessions import Session


class Silence(io.RawIOBase):
    """What is read from who does not answer."""

    def readable(self) -> bool:
        return True

    def readinto(self, _: Any) -> int:
        raise ConnectionResetError("nobody answers here")


class Wire:
    """A connected socket as far as it goes before anything is answered: whose it is, and what was sent on it."""

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.sent = b""
        self.closed = False
        self.hung_up = False

    def getpeername(self) -> tuple[str, int, int, int]:
        return self.peer, 443, 0, 0

    def sendall(self, content: bytes) -> None:
        assert not self.closed
        self.sent += content

    def shutdown(self, how: int) -> None:
        assert how == socket.SHUT_RDWR
        self.hung_up = True

    def close(self) -> None:
        self.closed = True

    def makefile(self, *_: Any, **__: Any) -> Any:
        return io.BufferedReader(Silence())

    def settimeout(self, _: float | None) -> None: ...

    def setsockopt(self, *_: Any) -> None: ...

    def fileno(self) -> int:
        return -1


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """What urllib3 connects to, whatever name it is given."""
    made = Wire("10.0.0.7")
    monkeypatch.setattr(urllib3.util.connection, "create_connection", lambda *_, **__: made)
    yield made
    assert made.closed


def get(url: str, *, public: bool) -> None:
    with Session(5) as session:
        session.public = public
        session.get(url, headers={"Cookie": "a-secret"}, timeout=1)


class TestPrivatePeer:
    @pytest.mark.parametrize("url", ["http://replicate.delivery/out.png", "https://replicate.delivery/out.png"])
    @pytest.mark.parametrize("peer", ["127.0.0.1", "169.254.169.254", "::1", "fe80::1%eth0", "::ffff:10.0.0.1"])
    def test_nothing_is_said_to_it(self, wire: Wire, url: str, peer: str) -> None:
        """Not a byte, TLS's hello included: the name was looked up once, and this is what it led to."""
        wire.peer = peer

        with pytest.raises(PrivatePeer, match="is not on the public internet"):
            get(url, public=True)

        assert wire.sent == b""
        assert wire.closed

    def test_a_public_one_is_asked(self, wire: Wire) -> None:
        wire.peer = "8.8.8.8"

        with pytest.raises(OSError, match="nobody answers"):
            get("http://replicate.delivery/out.png", public=True)

        assert wire.sent.startswith(b"GET /out.png ")

    def test_where_the_owner_said_so_it_is_asked(self, wire: Wire) -> None:
        """A provider or an origin that the owner named may be on this machine."""
        with pytest.raises(OSError, match="nobody answers"):
            get("http://replicate.delivery/out.png", public=False)

        assert wire.sent.startswith(b"GET /out.png ")

    def test_is_no_passing_fault(self) -> None:
        """Whoever takes a broken connection for a reason to try again must not take this for one."""
        assert not issubclass(PrivatePeer, OSError)


class TestWhoTakesTooLong:
    def test_is_hung_up_on(self) -> None:
        wire: Any = Wire("8.8.8.8")
        session = Session(60)
        session._connected(wire)

        session._hang_up()

        assert wire.hung_up

    def test_also_who_connects_too_late(self) -> None:
        wire: Any = Wire("8.8.8.8")
        session = Session(60)
        session._hang_up()

        session._connected(wire)

        assert wire.hung_up
