"""Classify IP addresses: which ones are public, so that metadata can't point into our network."""

import ipaddress

__all__ = ["is_public_address"]

_UNICAST = ipaddress.IPv6Network("2000::/3")  # the global unicast range in use (RFC 4291 §2.4)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public_address(address: str) -> bool:
    """Return True if *address* is a public Internet address.

    Loopback, link-local, private, shared, multicast and reserved addresses are not public, and
    neither are IPv6 addresses that embed such an IPv4 address (mapped, 6to4, NAT64). A text that
    is no IP address is not public. No name is resolved.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:  # for example an address with a zone
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        embedded = _embedded_ipv4(ip)
        if embedded is None:
            return ip.is_global and ip in _UNICAST
        ip = embedded
    return ip.is_global and not ip.is_multicast


def _embedded_ipv4(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if ip in _NAT64:
        return ipaddress.IPv4Address(ip.packed[-4:])
    return ip.ipv4_mapped or ip.sixtofour
