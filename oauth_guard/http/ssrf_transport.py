"""SSRFTransport: connect to configured hosts and public addresses only, and reuse connections."""

import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import lru_cache, partial
from typing import TypeAlias, cast

import httpx

from oauth_guard.http.addresses import is_public_address
from oauth_guard.http.resolver import Resolver
from oauth_guard.http.tls import tls_context
from oauth_guard.interfaces import Clock
from oauth_guard.protocol.urls import DEFAULT_PORTS

__all__ = ["SSRFTransport"]

_FIRST_CONNECT_SECONDS, _CONNECT_SECONDS = 0.3, 2
_IDLE_SECONDS = 5
_Origin: TypeAlias = tuple[str, str, int]
"""The scheme, host name and port that a connection was opened for."""

_ONE_CONNECTION = httpx.Limits(max_keepalive_connections=1)


class SSRFTransport(httpx.AsyncBaseTransport):
    """An httpx transport that prevents server-side request forgery through issuer metadata.

    It connects to the configured *origins* at any address, and to any other host only if all of
    its addresses are public. The connection goes to an address that was checked, so a second DNS
    response can't change the target (DNS rebinding). Names are resolved in threads of our own.

    Each request has an httpx connection pool of its own: the one that was used last, if it was
    used for the same origin, else a new one. A connection is not reused for another name at
    the same address, since the server has not shown a certificate for that name. One shared pool
    would scan all of its connections at the start and end of each request. Whenever it had more
    connections than it may keep, it would close every idle one.

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
        self._resolver = Resolver(clock)
        self._idle: deque[tuple[httpx.AsyncHTTPTransport, _Origin, float]] = deque()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send *request*, and return the response with its body unread.

        Raises:
            httpx.HTTPError: No response, or an address of the host is not public.
            OSError: The name of the host can't be resolved.
        """
        host = request.url.raw_host.decode("ascii")
        port = request.url.port or DEFAULT_PORTS.get(request.url.scheme, 0)
        addresses = await self._resolver.resolve(host)
        if (host, port) not in self._origins and not all(map(is_public_address, addresses)):
            raise httpx.ConnectError(
                "an address of the host is not public, and host and port are not configured"
            )
        origin = (request.url.scheme, host, port)
        # The certificate is still verified for the host name (RFC 9110 §4.3.4).
        request.extensions = {**request.extensions, "sni_hostname": host}
        try:
            return await self._try_each(request, origin, addresses)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            self._resolver.forget(host)
            raise

    async def aclose(self) -> None:
        """Close idle connections now, and each of the others when its response is closed."""
        self._connections = 0
        while self._idle:
            pool, *_ = self._idle.pop()
            await pool.aclose()

    async def _try_each(
        self, request: httpx.Request, origin: _Origin, addresses: Sequence[str]
    ) -> httpx.Response:
        """Send *request* to the first of *addresses* that connects.

        With several, each first has a short time, so that a dead one leaves time for the others;
        those that were too slow then have a longer one.
        """
        failure: httpx.TransportError | None = None
        slow = list(addresses)
        if len(addresses) > 1:
            slow = []
            for address in addresses:
                try:
                    return await self._exchange(request, origin, address, _FIRST_CONNECT_SECONDS)
                except httpx.ConnectTimeout:
                    slow.append(address)
                except httpx.ConnectError as error:
                    failure = error
        for address in slow:
            try:
                return await self._exchange(request, origin, address, _CONNECT_SECONDS)
            except (httpx.ConnectTimeout, httpx.ConnectError) as error:
                failure = error
        raise failure or httpx.ConnectError("the host has no address")

    async def _exchange(
        self, request: httpx.Request, origin: _Origin, address: str, connect_seconds: float
    ) -> httpx.Response:
        request.url = _at(request.url, address)
        request.extensions["timeout"] = {"connect": connect_seconds}
        if self._idle and self._idle[-1][1] == origin:
            pool, *_ = self._idle.pop()
        else:
            pool = httpx.AsyncHTTPTransport(verify=await tls_context(), limits=_ONE_CONNECTION)
        try:
            response = await pool.handle_async_request(request)
        except BaseException:
            await pool.aclose()
            raise
        self._resolver.prefer(origin[1], address)
        body = cast("httpx.AsyncByteStream", response.stream)  # always an async one here
        response.stream = _Body(body, partial(self._release, pool, origin))
        return response

    async def _release(self, pool: httpx.AsyncHTTPTransport, origin: _Origin) -> None:
        """Make *pool* available to the next request, and close the oldest one if it is surplus.

        Surplus is: there are more than *connections*, or it was idle for 5 seconds.
        """
        now = self._clock()
        self._idle.append((pool, origin, now))
        oldest, _, idle_since = self._idle[0]
        if len(self._idle) > self._connections or now >= idle_since + _IDLE_SECONDS:
            self._idle.popleft()
            await oldest.aclose()


@lru_cache(maxsize=256)  # building a URL takes 30 µs
def _at(url: httpx.URL, address: str) -> httpx.URL:
    return url.copy_with(host=address)


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
