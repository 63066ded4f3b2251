"""AiohttpClient: ask issuers by aiohttp, which takes less of the processor (extra `aiohttp`)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from ssl import SSLContext, create_default_context
from typing import NamedTuple

from aiohttp import (
    ClientConnectorError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)

__all__ = ["AiohttpClient"]


class _Own(NamedTuple):
    """A session, and the event loop that it belongs to."""

    loop: asyncio.AbstractEventLoop
    session: ClientSession


class AiohttpClient:
    """A client to hand in as `http=`; it pays where issuers are asked about many new tokens.

    A session is opened at first use, and another under each event loop that comes after it;
    whoever made the client closes it. Like every client that is handed in, it connects to any
    address: where metadata may not choose one in your network, say `endpoint=` and `jwks_uri=`.

    Args:
        tls: Whom to trust, and the certificate to show, if any; by default whom the system trusts.
        proxy: The proxy to ask through; those that the environment names are not used.
        connections: How many there are at once, at most.
    """

    def __init__(
        self, *, tls: SSLContext | None = None, proxy: str | None = None, connections: int = 100
    ) -> None:
        self._tls = tls or create_default_context()
        self._proxy = proxy
        self._connections = connections
        self._own: _Own | None = None

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes | None,
        follow_redirects: bool,
    ) -> AsyncIterator["_Response"]:
        """Send a request, and give the response until the block ends.

        Raises:
            ConnectionError: There was no connection.
        """
        session = await self._session()
        try:
            response = await session.request(
                method,
                url,
                headers=headers,
                data=content,
                allow_redirects=follow_redirects,
                proxy=self._proxy,
            )
        except ClientConnectorError as error:  # its repr could tell the password of a proxy
            raise ConnectionError(str(error)) from None
        async with response:
            yield _Response(response)

    async def aclose(self) -> None:
        """Close the session that is open; the next use opens another."""
        own, self._own = self._own, None
        if own is not None:
            await own.session.close()

    async def _session(self) -> ClientSession:
        loop = asyncio.get_running_loop()
        own = self._own
        if own is not None and own.loop is loop:
            return own.session
        session = ClientSession(
            connector=TCPConnector(ssl=self._tls, limit=self._connections),
            timeout=ClientTimeout(),  # the caller bounds the time
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,  # a small answer could be a large one
        )
        self._own = _Own(loop, session)
        if own is not None:
            await own.session.close()
        return session


class _Response:
    """A response of aiohttp's, as one of httpx's would be read."""

    def __init__(self, response: ClientResponse) -> None:
        self._response = response
        fields = response.headers
        self.headers: Mapping[str, str] = {
            name.lower(): ", ".join(fields.getall(name)) for name in fields
        }

    @property
    def status_code(self) -> int:
        return self._response.status

    def aiter_bytes(self) -> AsyncIterator[bytes]:
        return self._response.content.iter_any()
