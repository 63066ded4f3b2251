"""HTTPClient: what asks issuers, any client of httpx's shape."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from oauth_guard.errors import ConfigurationError

__all__ = ["HTTPClient", "HTTPResponse", "check_client"]


class HTTPResponse(Protocol):
    """What came back, its body yet unread."""

    @property
    def status_code(self) -> int:
        """The status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The header fields, to be found by their names in lower case."""
        ...

    def aiter_bytes(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes."""
        ...


class HTTPClient(Protocol):
    """A client that is handed in: for proxies, certificates or pools, or for its speed.

    It bounds the number of its connections, and checks the certificates of those it talks to;
    time and size are bounded by whoever asks. Which addresses it connects to is its own choice.
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
        """Send a request, and give the response until the block ends.

        Raises:
            TimeoutError: It took longer than the client allows.
            ConnectionError: There was no connection; its text is told to the operator.
            Exception: Any other failure, of which only the kind is told.
        """
        ...

    async def aclose(self) -> None:
        """Let go of connections; whoever made the client does so."""
        ...


def check_client(client: object) -> None:
    """Refuse what was handed in as `http=` without the shape of such a client.

    Raises:
        ConfigurationError: It is not async, as `httpx.Client` is not, or is no client at all.
    """
    if not hasattr(client, "stream") or not hasattr(client, "aclose"):
        raise ConfigurationError("http= takes an async client: httpx.AsyncClient().")
