"""Classify IP addresses: which ones are public, so that metadata can't point into our network."""

import ipaddress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

__all__ = ["is_public_address"]

# The blocks of the IANA special-purpose address registries (RFC 6890) and of multicast. This
# table does not depend on the version of Python: older ones class 192.0.0.192 as global
# (CVE-2024-4032). A block is listed as a whole, with the few assignments in it that are global.
_SPECIAL_IPV4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # "this network" (RFC 791 §3.2)
            "10.0.0.0/8",  # private use (RFC 1918)
            "100.64.0.0/10",  # shared by the customers of a carrier (RFC 6598)
            "127.0.0.0/8",  # loopback (RFC 1122 §3.2.1.3)
            "168.63.129.16/32",  # the platform's own service in each virtual network of Azure
            "169.254.0.0/16",  # link-local (RFC 3927), metadata services of clouds
            "172.16.0.0/12",  # private use (RFC 1918)
            "192.0.0.0/24",  # protocol assignments (RFC 6890 §2.1), a metadata service
            "192.0.2.0/24",  # documentation (RFC 5737)
            "192.31.196.0/24",  # AS112 (RFC 7535)
            "192.52.193.0/24",  # multicast tunnels (RFC 7450)
            "192.88.99.0/24",  # 6to4 relays, deprecated (RFC 7526)
            "192.168.0.0/16",  # private use (RFC 1918)
            "192.175.48.0/24",  # AS112 (RFC 7534)
            "198.18.0.0/15",  # benchmarks (RFC 2544)
            "198.51.100.0/24",  # documentation (RFC 5737)
            "203.0.113.0/24",  # documentation (RFC 5737)
            "224.0.0.0/4",  # multicast (RFC 5771)
            "240.0.0.0/4",  # reserved, broadcast (RFC 1112 §4, RFC 8190)
        ),
    )
)
_UNICAST = IPv6Network("2000::/3")  # the global unicast range in use (RFC 4291 §2.4)
_SPECIAL_IPV6 = tuple(  # inside of the range above
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments, Teredo among them (RFC 2928)
            "2001:db8::/32",  # documentation (RFC 3849)
            "2620:4f:8000::/48",  # AS112 (RFC 7534)
            "3fff::/20",  # documentation (RFC 9637)
        ),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052 §2.1
_ISATAP = {0x00005EFE, 0x02005EFE}  # the first half of an interface identifier (RFC 5214 §6.1)


def is_public_address(address: str) -> bool:
    """Return True if *address* is a public Internet address.

    Loopback, link-local, private, shared, multicast and reserved addresses are not public, and
    neither are IPv6 addresses that embed such an IPv4 address (mapped, 6to4, NAT64, ISATAP). A
    text that is no IP address, or that has a zone, is not public. No name is resolved.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        embedded = _embedded_ipv4(ip)
        if embedded is None:
            is_special = any(ip in network for network in _SPECIAL_IPV6)
            return ip in _UNICAST and ip.scope_id is None and not is_special
        ip = embedded
    return not any(ip in network for network in _SPECIAL_IPV4)


def _embedded_ipv4(ip: IPv6Address) -> IPv4Address | None:
    low = int(ip) & 0xFFFF_FFFF
    if ip in _NAT64 or (int(ip) >> 32) & 0xFFFF_FFFF in _ISATAP:
        return IPv4Address(low)
    return ip.ipv4_mapped or ip.sixtofour
