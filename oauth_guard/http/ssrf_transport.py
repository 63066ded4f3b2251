"""SSRFTransport: connect to configured hosts and public addresses only, and reuse connections."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from socket import SOCK_STREAM
from typing import cast

import httpx

from oauth_guard.http.addresses import is_public_address
from oauth_guard.interfaces import Clock
from oauth_guard.protocol.urls import DEFAULT_PORTS

__all__ = ["SSRFTransport"]

_CONNECT_SECONDS = 2  # for each address, so that a dead one leaves time to try the next
_IDLE_SECONDS = 5
_ONE_CONNECTION = httpx.Limits(max_keepalive_connections=1)


class SSRFTransport(httpx.AsyncBaseTransport):
    """An httpx transport that prevents server-side request forgery through issuer metadata.

    It connects to the configured *origins* at any address, and to any other host only if all of
    its addresses are public. A name is resolved once, and the connection goes to an address that
    was checked, so a second DNS response can't change the target (DNS rebinding).

    Each request has an httpx connection pool of its own: the one that was used last, if it was
    used for the same host name, else a new one. A connection is not reused for another name at
    the same address, since the server has not shown a certificate for that name. One shared pool
    would scan all of its connections at the start and end of each request, and would close every
    idle connection while it has more than it may keep.

    Args:
        origins: The configured hosts, each with its port; their addresses are not checked.
        connections: How many idle connections are kept open.
        clock: Returns monotonic seconds.
    """

    def __init__(
        self,
        origins: frozenset[tuple[str, int]],
        *,
        connections: int,
        clock: Clock = time.monotonic,
    ) -> None:
        self._origins = origins
        self._connections = connections
        self._clock = clock
        self._tls = httpx.create_ssl_context()  # slow to create, so it is shared
        self._idle: deque[tuple[httpx.AsyncHTTPTransport, str, float]] = deque()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send *request*, and return the response with its body unread.

        Raises:
            httpx.HTTPError: No response, or an address of the host is not public.
        """
        host = request.url.raw_host.decode("ascii")
        port = request.url.port or DEFAULT_PORTS.get(request.url.scheme, 0)
        if (host, port) in self._origins:
            return await self._exchange(request, host)
        addresses = await _public_addresses(host, port)
        # The certificate is still verified for the host name (RFC 9110 §4.3.4).
        request.extensions = {
            **request.extensions,
            "sni_hostname": host,
            "timeout": {"connect": _CONNECT_SECONDS},
        }
        for address in addresses[:-1]:
            request.url = request.url.copy_with(host=address)
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._exchange(request, host)
        request.url = request.url.copy_with(host=addresses[-1])
        return await self._exchange(request, host)

    async def aclose(self) -> None:
        """Close idle connections now, and each of the others when its response is closed."""
        self._connections = 0
        while self._idle:
            pool, *_ = self._idle.pop()
            await pool.aclose()

    async def _exchange(self, request: httpx.Request, host: str) -> httpx.Response:
        if self._idle and self._idle[-1][1] == host:
            pool, *_ = self._idle.pop()
        else:
            pool = httpx.AsyncHTTPTransport(verify=self._tls, limits=_ONE_CONNECTION)
        try:
            response = await pool.handle_async_request(request)
        except BaseException:
            await pool.aclose()
            raise
        body = cast("httpx.AsyncByteStream", response.stream)  # always an async one here
        response.stream = _Body(body, partial(self._release, pool, host))
        return response

    async def _release(self, pool: httpx.AsyncHTTPTransport, host: str) -> None:
        """Make *pool* available to the next request, and close the oldest one if it is surplus.

        Surplus is: there are more than *connections*, or it was idle for 5 seconds.
        """
        now = self._clock()
        self._idle.append((pool, host, now))
        oldest, _, idle_since = self._idle[0]
        if len(self._idle) > self._connections or now >= idle_since + _IDLE_SECONDS:
            self._idle.popleft()
            await oldest.aclose()


class _Body(httpx.AsyncByteStream):
    """The body of a response; calls *on_close* when it is closed."""

    def __init__(
        self, stream: httpx.AsyncByteStream, on_close: Callable[[], Awaitable[None]]
    ) -> None:
        self._stream = stream
        self._on_close = on_close

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            await self._on_close()


async def _public_addresses(host: str, port: int) -> list[str]:
    """Resolve *host*; a single address that is not public makes the whole host unusable."""
    loop = asyncio.get_running_loop()
    resolved = await loop.getaddrinfo(host, port, type=SOCK_STREAM)
    addresses = [str(address[0]) for *_, address in resolved]
    if not all(map(is_public_address, addresses)):
        raise httpx.ConnectError(
            "an address of the host is not public, and host and port are not configured"
        )
    return addresses
