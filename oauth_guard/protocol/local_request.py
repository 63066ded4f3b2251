"""is_local(): whether a request was made on this machine, without a proxy in between."""

import ipaddress
from collections.abc import Mapping
from typing import Any

__all__ = ["is_local"]

_LOCALHOST = "localhost"
_OF_A_PROXY = frozenset(
    {b"forwarded", b"via", b"x-real-ip", b"cf-connecting-ip", b"true-client-ip", b"x-client-ip"}
)
_OF_A_PROXY_TOO = b"x-forwarded"


def is_local(connection: Mapping[str, Any]) -> bool:
    """Return whether server, peer and host of an ASGI *connection* are loopback addresses.

    A connection whose server or peer is unknown is not local, such as one of a Unix socket. Nor
    is one with a header field that proxies add, since the peer is the proxy then, or an address
    that the client has written. A proxy on this machine that adds none is not recognized.
    """
    hosts = []
    for name, value in connection["headers"]:
        lower = name.lower()
        if lower in _OF_A_PROXY or lower.startswith(_OF_A_PROXY_TOO):
            return False
        if lower == b"host":
            hosts.append(value.decode("latin-1"))
    ends = (_address(connection.get("server")), _address(connection.get("client")))
    return len(hosts) == 1 and all(map(_is_loopback, (*ends, _host(hosts[0]))))


def _address(end: Any) -> str:
    """Return the address of *end*, a pair of address and port; empty if the server gives none."""
    return str(end[0]) if end else ""


def _host(value: str) -> str:
    """Return the host in a `Host` field, without its port."""
    if value.startswith("["):
        return value[1:].partition("]")[0]
    return value.partition(":")[0]


def _is_loopback(host: str) -> bool:
    if host.lower() == _LOCALHOST:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
