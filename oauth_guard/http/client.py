"""HTTPClient: the interface of a client passed as `http=`, which `httpx.AsyncClient` has."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from oauth_guard.errors import ConfigurationError

__all__ = ["HTTPClient", "HTTPResponse", "check_client"]


class HTTPResponse(Protocol):
    """A response whose body is not read yet."""

    @property
    def status_code(self) -> int:
        """The status code."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The header fields; a lookup by lower-case name must work."""
        ...

    def aiter_bytes(self) -> AsyncIterator[bytes]:
        """Yield the body in parts, as they arrive."""
        ...


class HTTPClient(Protocol):
    """An async HTTP client of the caller's own: for proxies, certificates, pools or speed.

    The client limits the number of its connections and verifies server certificates. Deadlines
    and body sizes are limited by the code that sends the request. The client alone decides which
    addresses it connects to: the library does not check them.
    """

    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes | None,
        follow_redirects: bool,
    ) -> AbstractAsyncContextManager[HTTPResponse]:
        """Send a request, and yield the response; it is closed when the block ends.

        Raises:
            TimeoutError: The request took longer than the client allows.
            ConnectionError: No connection could be made; its text is written to the log.
            Exception: Any other failure; only the name of its class is written to the log.
        """
        ...

    async def aclose(self) -> None:
        """Close all connections; called by the owner of the client only."""
        ...


def check_client(client: object) -> None:
    """Check that *client*, which was passed as `http=`, has the methods of `HTTPClient`.

    Parameters and return types of the methods are not checked.

    Raises:
        ConfigurationError: It is a synchronous client, such as `httpx.Client`, or no client.
    """
    if not hasattr(client, "stream") or not hasattr(client, "aclose"):
        raise ConfigurationError("http= takes an async client: httpx.AsyncClient().")
