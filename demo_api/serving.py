"""listen() and origin_of(): bind the address first, so that the origin is known to all within."""

import ipaddress
import socket

LOOPBACK = "127.0.0.1"


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to *host* and *port*; port 0 means any that is free.

    Raises:
        OSError: The address can't be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family)
    # asyncio does so by itself for a socket of its own; else an answer in parts waits for 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def origin_of(host: str, port: int) -> str:
    """Return the origin by which a browser on this machine reaches *host* and *port*."""
    # "Every address" is an address to bind, not one to call.
    name = {"0.0.0.0": LOOPBACK, "": LOOPBACK, "::": "::1"}.get(host, host)  # noqa: S104 - not bound here
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach *host*; if in doubt, not."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
