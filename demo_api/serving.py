"""listen() and origin_of(): bind the address first, so that the application knows its origin."""

import ipaddress
import socket

LOOPBACK = "127.0.0.1"


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to *host* and *port*; port 0 means any that is free.

    Raises:
        OSError: The address can't be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family)
    # asyncio sets it for its own sockets; without it, a response in parts is delayed by 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def origin_of(host: str, port: int) -> str:
    """Return the origin by which a browser on this machine reaches *host* and *port*."""
    # The wildcard address can be bound and can't be called.
    name = {"0.0.0.0": LOOPBACK, "": LOOPBACK, "::": "::1"}.get(host, host)  # noqa: S104 - not bound here
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach *host*; False for an unknown name."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
