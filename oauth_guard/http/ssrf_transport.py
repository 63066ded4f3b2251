"""SSRFTransport: connects where an issuer may be, and keeps connections for the next to ask."""

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

_CONNECT_SECONDS = 2  # for each address, so that a dead one leaves time for the next
_IDLE_SECONDS = 5
_ONE_CONNECTION = httpx.Limits(max_keepalive_connections=1)


class SSRFTransport(httpx.AsyncBaseTransport):
    """Connects where an issuer may be, so that no document sends us into our own network.

    A name is looked up once: what was found good is what is connected to.

    An exchange has a pool of httpx's for itself, the one that was used last, if that was for the
    same name: who is at the same address has shown no certificate for another. A pool for all
    would look through all its connections whenever an exchange begins or ends, and would close
    each that is idle while there are more than it may keep.

    Args:
        origins: The hosts that were configured, each with its port, wherever they are.
        connections: How many connections stay open between exchanges.
        clock: Tells monotonic seconds.
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
        self._tls = httpx.create_ssl_context()  # takes long, so it is made once
        self._idle: deque[tuple[httpx.AsyncHTTPTransport, str, float]] = deque()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send *request*, and return the response.

        Raises:
            httpx.HTTPError: Nobody answers, or it is an address where no issuer may be.
        """
        host = request.url.raw_host.decode("ascii")
        port = request.url.port or DEFAULT_PORTS.get(request.url.scheme, 0)
        if (host, port) in self._origins:
            return await self._exchange(request, host)
        addresses = await _public_addresses(host, port)
        # The certificate must still be for the name (RFC 9110 §4.3.4).
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
        """Close the connections that are idle, and each of the others when its exchange ends."""
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
        body = cast("httpx.AsyncByteStream", response.stream)  # as an async transport has it
        response.stream = _Body(body, partial(self._keep, pool, host))
        return response

    async def _keep(self, pool: httpx.AsyncHTTPTransport, host: str) -> None:
        """Keep *pool* for the next exchange, and close the one that was idle for longest."""
        now = self._clock()
        self._idle.append((pool, host, now))
        oldest, _, since = self._idle[0]
        if len(self._idle) > self._connections or now >= since + _IDLE_SECONDS:
            self._idle.popleft()
            await oldest.aclose()


class _Body(httpx.AsyncByteStream):
    """The body of a response, which tells when it is closed."""

    def __init__(
        self, stream: httpx.AsyncByteStream, closed: Callable[[], Awaitable[None]]
    ) -> None:
        self._stream = stream
        self._closed = closed

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            await self._closed()


async def _public_addresses(host: str, port: int) -> list[str]:
    """Look *host* up; one address in our own network spoils them all."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=SOCK_STREAM)
    addresses = [str(address[0]) for *_, address in found]
    if not all(map(is_public_address, addresses)):
        raise httpx.ConnectError("the address is not public, and host and port not configured")
    return addresses
