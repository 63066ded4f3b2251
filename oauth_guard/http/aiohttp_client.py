"""AiohttpClient: send requests to issuers with aiohttp, which uses less CPU (extra `aiohttp`)."""

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

from oauth_guard.protocol.settings import checked_settings

__all__ = ["AiohttpClient"]


class _LoopSession(NamedTuple):
    """A session, and the event loop that it belongs to."""

    loop: asyncio.AbstractEventLoop
    session: ClientSession


@checked_settings
class AiohttpClient:
    """An HTTP client to pass as `http=`; useful where many tokens are introspected.

    It opens a session at first use, and a new one when the running event loop has changed. The
    caller that created the client closes it. As with every client passed as `http=`, addresses
    are not checked: it connects to any address. Where metadata must not choose an address inside
    your network, set `endpoint=` and `jwks_uri=`.

    Args:
        tls: The trusted certificate authorities, and the client certificate, if any; by default
            the authorities that the system trusts.
        proxy: The URL of an HTTP proxy; the proxies that the environment names are not used.
        connections: The maximum number of concurrent connections.
    """

    def __init__(
        self, *, tls: SSLContext | None = None, proxy: str | None = None, connections: int = 100
    ) -> None:
        self._tls = tls or create_default_context()
        self._proxy = proxy
        self._connections = connections
        self._current: _LoopSession | None = None

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
        """Send a request, and yield the response; it is closed when the block ends.

        Raises:
            ConnectionError: No connection could be made.
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
        except ClientConnectorError as error:  # its repr may contain the password of a proxy
            raise ConnectionError(str(error)) from None
        async with response:
            yield _Response(response)

    async def aclose(self) -> None:
        """Close the open session; the next request opens a new one."""
        current, self._current = self._current, None
        if current is not None:
            await current.session.close()

    async def _session(self) -> ClientSession:
        loop = asyncio.get_running_loop()
        previous = self._current
        if previous is not None and previous.loop is loop:
            return previous.session
        session = ClientSession(
            connector=TCPConnector(ssl=self._tls, limit=self._connections),
            timeout=ClientTimeout(),  # none: the caller sets a deadline
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,  # a few compressed bytes can expand to gigabytes
        )
        self._current = _LoopSession(loop, session)
        if previous is not None:
            await previous.session.close()
        return session


class _Response:
    """Adapts a response of aiohttp to the interface of `HTTPResponse`."""

    def __init__(self, response: ClientResponse) -> None:
        self._response = response
        fields = response.headers
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in fields.items()}
        if len(self.headers) < len(fields):  # a name on several lines
            self.headers = {name.lower(): ", ".join(fields.getall(name)) for name in fields}

    @property
    def status_code(self) -> int:
        return self._response.status

    def aiter_bytes(self) -> AsyncIterator[bytes]:
        return self._response.content.iter_any()
