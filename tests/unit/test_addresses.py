"""Which addresses are on the public internet."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumeo.addresses import is_public

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
