"""ExemptConnections: serves what needs no token: metadata, CORS preflights and public paths."""

from collections.abc import Collection

from oauth_guard.asgi import (
    REQUEST,
    Application,
    Connection,
    Receive,
    Send,
    path_in_app,
    send_metadata,
    send_response,
    with_empty_body,
    with_headers,
    with_identity,
)
from oauth_guard.connection_rules import path_parts
from oauth_guard.connections.handshake import HANDSHAKE, AnonymousWebSocket
from oauth_guard.errors import ConfigurationError
from oauth_guard.guard_map import GuardMap
from oauth_guard.inner_request import inner_request
from oauth_guard.protocol.cross_origin import (
    CrossOrigin,
    has_origin,
    is_preflight,
    preflight_response_headers,
)
from oauth_guard.protocol.identity import ANONYMOUS, reset_current_identity, set_current_identity
from oauth_guard.protocol.login_redirect import LoginRedirect
from oauth_guard.protocol.paths import PublicPaths
from oauth_guard.protocol.request import ResourceRequest

__all__ = ["ExemptConnections"]

_HANDSHAKE = "WEBSOCKET"


class ExemptConnections:
    """Connections that need no token, in front of the guarded path.

    Args:
        guards: The guards, whose metadata is served.
        public: The paths on which no token is looked at.
        inner_root_paths: The prefixes that applications inside remove from the path.
        cors: The origins whose scripts may call the application.
        preflights: Whether a CORS preflight is passed to the application.

    Attributes:
        hidden_fields: The header fields of proxies, in lower case, that the application must not
            see.

    Raises:
        ConfigurationError: The login page of a guard needs a token itself.
    """

    def __init__(
        self,
        guards: GuardMap,
        public: PublicPaths,
        inner_root_paths: Collection[str],
        cors: CrossOrigin,
        *,
        preflights: bool,
    ) -> None:
        self._guards, self._public, self._inner_root_paths = guards, public, inner_root_paths
        self._cors, self._preflights = cors, preflights
        self.hidden_fields = frozenset[bytes]().union(*(guard.hidden_fields for guard in guards))
        for guard in guards:
            self._check_login_page(guard.browsers.login_redirect)
        # The rest saves time on each request.
        self._paths = {*guards.documents, *public.paths}
        self._trees = public.trees
        self._has_trees, self._has_cors = bool(self._trees), bool(cors.origins)

    def _check_login_page(self, login: LoginRedirect | None) -> None:
        """Check that a browser without a token may open the page that it is sent to."""
        path = None if login is None else login.path
        if path is not None and not self.is_public({"path": path}, "GET"):
            raise ConfigurationError(
                f'login_redirect= leads to a path that needs a token: write public=["{path}"], or '
                "its whole URL if another application serves it."
            )

    def may_include(self, connection: Connection) -> object:
        """Return a true value unless a connection certainly needs a token and no CORS headers."""
        path = connection["path"]
        return (
            path in self._paths
            or (self._has_trees and path.startswith(self._trees))
            or connection.get("method") == "OPTIONS"
            or (self._has_cors and has_origin(connection["headers"]))
            or (connection.get("root_path") and self._may_include_below(path_in_app(connection)))
        )

    def _may_include_below(self, path: str) -> bool:
        """Return whether *path*, which is without the root path, may need no token."""
        return path in self._paths or path.startswith(self._trees)

    async def serve(
        self, app: Application, connection: Connection, receive: Receive, send: Send
    ) -> Send | None:
        """Serve a connection that needs no token: metadata, a preflight, or a public path.

        Args:
            app: The application behind the guard.
            connection: A connection for which `may_include` returned a true value.
            receive: Receives from the server.
            send: Sends to the server.

        Returns:
            None if it was served; else what to send with, which adds CORS headers.
        """
        headers = connection["headers"]
        if connection["type"] == "websocket":
            if not self.is_public(connection, _HANDSHAKE):
                return send
            await self._serve_anonymous(app, connection, receive, send)
            return None
        method = connection["method"]
        cross_origin = self._cors.response_headers(headers)
        if cross_origin:
            send = with_headers(cross_origin, send)
        query, path = connection.get("query_string", b""), connection["path"]
        if document := self._guards.document(query, path, path_in_app(connection)):
            await send_metadata(send, method, headers, document)
        elif self._preflights and is_preflight(method, headers):
            if cross_origin:
                await send_response(send, method, 204, preflight_response_headers(headers))
            else:
                # Without extensions the application can send content in a plain body only.
                bare = {**connection, "extensions": {}}
                await self._serve_anonymous(app, bare, receive, with_empty_body(send))
        # A client may send an HTTP method `WEBSOCKET`, which in `public=` means a handshake.
        elif method != _HANDSHAKE and self.is_public(connection, method):
            await self._serve_anonymous(app, connection, receive, send)
        else:
            return send
        return None

    def is_public(self, connection: Connection, method: str) -> bool:
        """Return whether the path of *connection* is public for *method*."""
        return self._public.include(method, *path_parts(connection, self._inner_root_paths))

    async def _serve_anonymous(
        self, app: Application, connection: Connection, receive: Receive, send: Send
    ) -> None:
        guard = self._guards.at(path_in_app(connection))
        nested = REQUEST in connection
        request = inner_request(connection, guard) if nested else ResourceRequest(connection)
        inner = with_identity(connection, guard, ANONYMOUS, request, self.hidden_fields)
        if connection["type"] == "websocket":
            inner[HANDSHAKE] = anonymous = AnonymousWebSocket(send)
            send = anonymous.send
        earlier = set_current_identity(ANONYMOUS)
        try:
            await app(inner, receive, send)
        finally:
            reset_current_identity(earlier)
