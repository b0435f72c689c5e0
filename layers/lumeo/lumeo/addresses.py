"""Which IP addresses are on the public internet: pure."""

import ipaddress

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_GIVEN_OUT = ipaddress.ip_network("2000::/3")


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, also inside the IPv6 forms that carry an IPv4 one."""
    peer = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(peer, ipaddress.IPv6Address):
        inner = peer.ipv4_mapped or peer.sixtofour or (peer.teredo[1] if peer.teredo else None)
        if inner is None and peer in _NAT64:
            inner = ipaddress.IPv4Address(int(peer) & 0xFFFF_FFFF)
        # All that was ever given out for hosts of the public internet lies in there: Python knows exceptions only.
        if inner is None and peer not in _GIVEN_OUT:
            return False
        peer = inner or peer
    return peer.is_global and not peer.is_multicast
