"""Which machines are on the public internet, and that nothing is said to any other."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from lumeo.errors import PrivatePeer
from lumeo.sessions import Session, is_public

PUBLIC = [
    pytest.param("8.8.8.8", id="v4"),
    pytest.param("1.1.1.1", id="another v4"),
    pytest.param("172.15.255.255", id="below a private block"),
    pytest.param("172.32.0.0", id="above a private block"),
    pytest.param("100.63.255.255", id="below CGNAT"),
    pytest.param("100.128.0.0", id="above CGNAT"),
    pytest.param("169.253.255.255", id="below link-local"),
    pytest.param("223.255.255.255", id="below multicast"),
    pytest.param("2606:4700:4700::1111", id="v6"),
    pytest.param("2a05:d018::1", id="another v6"),
    pytest.param("2606:4700:4700::1111%eth0", id="v6 with a zone"),
    pytest.param("::ffff:8.8.8.8", id="v4-mapped"),
    pytest.param("64:ff9b::8.8.8.8", id="NAT64"),
    pytest.param("2002:808:808::1", id="6to4"),
    pytest.param("2001:0:4136:e378:8000:63bf:f7f7:f7f7", id="Teredo"),
]
PRIVATE = [
    pytest.param("127.0.0.1", id="loopback"),
    pytest.param("127.255.255.254", id="the end of loopback"),
    pytest.param("10.0.0.1", id="private, 10"),
    pytest.param("172.16.0.1", id="private, 172.16"),
    pytest.param("172.31.255.255", id="private, the end of 172.16"),
    pytest.param("192.168.1.1", id="private, 192.168"),
    pytest.param("169.254.169.254", id="the metadata of an instance"),
    pytest.param("169.254.170.2", id="the credentials of a container"),
    pytest.param("169.254.100.1", id="Lambda's own"),
    pytest.param("100.64.0.1", id="CGNAT"),
    pytest.param("100.127.255.255", id="the end of CGNAT"),
    pytest.param("0.0.0.0", id="unspecified"),
    pytest.param("0.1.2.3", id="this network"),
    pytest.param("255.255.255.255", id="broadcast"),
    pytest.param("224.0.0.1", id="multicast"),
    pytest.param("239.255.255.250", id="the end of multicast"),
    pytest.param("240.0.0.1", id="reserved"),
    pytest.param("198.18.0.1", id="measuring"),
    pytest.param("192.0.2.1", id="for documentation"),
    pytest.param("::1", id="v6, loopback"),
    pytest.param("::", id="v6, unspecified"),
    pytest.param("fe80::1", id="v6, link-local"),
    pytest.param("fe80::1%eth0", id="v6, link-local with a zone"),
    pytest.param("fc00::1", id="v6, unique local"),
    pytest.param("fd00:ec2::254", id="v6, the metadata of an instance"),
    pytest.param("fec0::1", id="v6, site-local"),
    pytest.param("ff02::1", id="v6, multicast on the link"),
    pytest.param("ff0e::1", id="v6, multicast everywhere"),
    pytest.param("2001:db8::1", id="v6, for documentation"),
    pytest.param("100::1", id="v6, discarded"),
    pytest.param("4000::1", id="v6, never given out"),
    pytest.param("::ffff:127.0.0.1", id="v4-mapped, loopback"),
    pytest.param("::ffff:10.0.0.1", id="v4-mapped, private"),
    pytest.param("::ffff:169.254.169.254", id="v4-mapped, metadata"),
    pytest.param("::ffff:224.0.0.1", id="v4-mapped, multicast"),
    pytest.param("::127.0.0.1", id="v4-compatible, loopback"),
    pytest.param("::ffff:0:7f00:1", id="v4-translated, loopback"),
    pytest.param("64:ff9b::127.0.0.1", id="NAT64, loopback"),
    pytest.param("64:ff9b::169.254.169.254", id="NAT64, metadata"),
    pytest.param("64:ff9b:1::10.0.0.1", id="NAT64 of a network of its own"),
    pytest.param("2002:7f00:1::1", id="6to4, loopback"),
    pytest.param("2002:a9fe:a9fe::", id="6to4, metadata"),
    pytest.param("2002:c0a8:101::1", id="6to4, private"),
    pytest.param("2001:0:4136:e378:8000:63bf:f5ff:fffe", id="Teredo, private"),
    pytest.param("2001:0:4136:e378:8000:63bf:80ff:fffe", id="Teredo, loopback"),
]


class TestIsPublic:
    @pytest.mark.parametrize("address", PUBLIC)
    def test_on_the_public_internet(self, address: str) -> None:
        assert is_public(address)

    @pytest.mark.parametrize("address", PRIVATE)
    def test_not_on_it(self, address: str) -> None:
        assert not is_public(address)

    @given(st.ip_addresses(v=4))
    def test_a_v4_address_is_the_same_in_every_v6_form(self, address: Any) -> None:
        high, low = divmod(int(address), 65_536)
        public = is_public(str(address))

        assert is_public(f"::ffff:{address}") is public
        assert is_public(f"64:ff9b::{address}") is public
        assert is_public(f"2002:{high:x}:{low:x}::1") is public

    @pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f000001", "2130706433", "[::1]", "1.2.3.4:80"])
    def test_what_is_no_address_is_an_error(self, text: str) -> None:
        """A socket always says one: to take anything else for public would be a guess."""
        with pytest.raises(ValueError, match="does not appear to be an IPv4 or IPv6 address"):
            is_public(text)


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
        raise ConnectionResetError("nobody answers here")

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
