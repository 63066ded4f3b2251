"""Which network addresses are public, so that no document sends us into our own network."""

import ipaddress

__all__ = ["is_public_address"]

_UNICAST = ipaddress.IPv6Network("2000::/3")  # all of IPv6 that the Internet uses
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public_address(address: str) -> bool:
    """Tell whether *address* is reached over the Internet and nowhere nearer.

    Loopback, link-local, private, shared, multicast and reserved addresses are not, nor are
    IPv6 addresses that carry such an IPv4 address (mapped, 6to4, NAT64).
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:  # a scoped one, say
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        carried = _carried(ip)
        if carried is None:
            return ip.is_global and ip in _UNICAST
        ip = carried
    return ip.is_global and not ip.is_multicast


def _carried(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if ip in _NAT64:
        return ipaddress.IPv4Address(ip.packed[-4:])
    return ip.ipv4_mapped or ip.sixtofour
