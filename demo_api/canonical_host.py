"""CanonicalHost: redirects `localhost` to the address that cookies and redirect_uris use."""

from collections.abc import Container
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class CanonicalHost:
    """Redirects requests with the host name `localhost` to the same path at *origin*."""

    def __init__(self, app: ASGIApp, origin: str, pages: Container[str] | None = None) -> None:
        """Serve *app* at *origin*; redirect the paths in *pages* only, by default all."""
        self._app = app
        self._origin = origin
        self._pages = pages
        self._is_localhost = urlsplit(origin).hostname == "localhost"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the connection on, or redirect it."""
        if self._is_localhost or not self._is_page(scope) or not _names_localhost(scope):
            await self._app(scope, receive, send)
            return
        query = scope["query_string"].decode("latin-1")
        path = scope.get("raw_path", scope["path"].encode()).decode("latin-1").lstrip("/")
        address = f"{self._origin}/{path}{'?' if query else ''}{query}"
        await RedirectResponse(address, 307)(scope, receive, send)

    def _is_page(self, scope: Scope) -> bool:
        return scope["type"] == "http" and (self._pages is None or scope["path"] in self._pages)


def _names_localhost(scope: Scope) -> bool:
    host = Headers(scope=scope).get("host", "")
    return host.partition(":")[0].rstrip(".").lower() == "localhost"
