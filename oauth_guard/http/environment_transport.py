"""EnvironmentTransport: use the proxies that the environment names, else check the address."""

from collections.abc import Mapping
from urllib.request import getproxies

import httpx

from oauth_guard.http.ssrf_transport import SSRFTransport
from oauth_guard.http.tls import tls_context
from oauth_guard.protocol.urls import DEFAULT_PORTS

__all__ = ["EnvironmentTransport"]


class EnvironmentTransport(httpx.AsyncBaseTransport):
    """Sends each request through the environment's proxy for its scheme, or else directly.

    The proxies are those of `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, or of the
    operating system. A proxy resolves the host, so the address behind it is not checked here. A
    request that no proxy is meant for goes through *direct*, which checks it.

    Args:
        direct: Sends the requests that have no proxy.
        connections: How many idle connections to a proxy are kept open.
    """

    def __init__(self, direct: SSRFTransport, *, connections: int) -> None:
        self._direct = direct
        self._limits = httpx.Limits(max_keepalive_connections=connections)
        self._proxies: Mapping[str, str] = getproxies()
        self._exceptions = [
            name.strip().lower() for name in self._proxies.get("no", "").split(",") if name.strip()
        ]
        self._pools: dict[str, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send *request*, and return the response with its body unread.

        Raises:
            httpx.HTTPError: No response, or no permitted address.
            ValueError: The URL of the proxy is not one.
        """
        proxy = self._proxy_of(request.url)
        if proxy is None:
            return await self._direct.handle_async_request(request)
        context = await tls_context()
        pool = self._pools.get(proxy)
        if pool is None:
            url = proxy if "://" in proxy else f"http://{proxy}"
            pool = httpx.AsyncHTTPTransport(verify=context, proxy=url, limits=self._limits)
            self._pools[proxy] = pool
        return await pool.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connections to proxies, and those of *direct*."""
        pools = [*self._pools.values()]
        self._pools.clear()
        for pool in pools:
            await pool.aclose()
        await self._direct.aclose()

    def _proxy_of(self, url: httpx.URL) -> str | None:
        proxy = self._proxies.get(url.scheme) or self._proxies.get("all")
        if not proxy or any(_matches(each, url) for each in self._exceptions):
            return None
        return proxy


def _matches(exception: str, url: httpx.URL) -> bool:
    """Return whether *exception*, an entry of `NO_PROXY`, names the host of *url*.

    It is `*`, a host, a domain (with its subdomains, whether it begins with a dot or not), or an
    address; a scheme and a port may be given too.
    """
    if exception == "*":
        return True
    scheme, _, rest = exception.rpartition("://")
    if scheme and scheme not in {url.scheme, "all"}:
        return False
    host, port = _split(rest)
    if port is not None and port != (url.port or DEFAULT_PORTS.get(url.scheme)):
        return False
    name = host.lstrip("*").lstrip(".")
    if not name:
        return False
    return url.raw_host.decode("ascii") == name or url.host.endswith(f".{name}")


def _split(netloc: str) -> tuple[str, int | None]:
    """Return host and port of *netloc*, whose IPv6 address may be without brackets."""
    if netloc.count(":") > 1 and not netloc.startswith("["):
        return netloc, None
    host, _, port = netloc.rpartition(":")
    if host and port.isdecimal():
        return host.strip("[]"), int(port)
    return netloc.strip("[]"), None
