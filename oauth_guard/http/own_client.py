"""open_client: the HTTP client that an issuer without `http=` uses.

The modules around it don't import this module at their top: it imports httpx, which takes longer
than the rest of the library, and an application with a client or keys of its own needs none of it.
"""

from urllib.request import getproxies

import httpx

from oauth_guard.http.client import HTTPClient
from oauth_guard.http.environment_transport import EnvironmentTransport
from oauth_guard.http.ssrf_transport import SSRFTransport

__all__ = ["open_client"]

_PROXY_SCHEMES = {"http", "https", "all"}


def open_client(origins: frozenset[tuple[str, int]], *, connections: int) -> HTTPClient:
    """Return a client without a deadline of its own, which belongs to the running event loop.

    It connects to configured *origins* at any address, and to other hosts at public addresses
    only, unless the environment names a proxy: the addresses behind that are not checked.

    Args:
        origins: The configured hosts, each with its port.
        connections: How many idle connections it keeps open.
    """
    transport: httpx.AsyncBaseTransport
    transport = direct = SSRFTransport(origins, connections=connections)
    if _PROXY_SCHEMES & getproxies().keys():  # NO_PROXY is there as "no"
        transport = EnvironmentTransport(direct, connections=connections)
    return httpx.AsyncClient(timeout=None, transport=transport)  # noqa: S113 - the caller has a deadline
