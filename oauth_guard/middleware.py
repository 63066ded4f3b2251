"""OAuthGuardMiddleware: guards an ASGI application, over HTTP and WebSocket."""

import os
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Self, cast

from oauth_guard.app_lifespan import run_lifespan
from oauth_guard.app_structure import (
    check_endpoints,
    check_root_path,
    inner_root_paths,
    requirements_in,
    warn_of_hidden_metadata,
    warn_of_inner_cors,
)
from oauth_guard.asgi import (
    REQUEST,
    Application,
    Connection,
    Receive,
    Send,
    path_in_app,
    read_body,
    reject_connection,
    with_identity,
    with_private_cache,
    with_response_headers,
    with_subprotocol,
)
from oauth_guard.config import middleware_from_config
from oauth_guard.connection_rules import (
    ConnectionRules,
    check_policies,
    check_requirements,
    path_parts,
)
from oauth_guard.connections.deadlines import ConnectionDeadlines
from oauth_guard.connections.graphql_handshake import GraphQLHandshake
from oauth_guard.errors import (
    ConfigurationError,
    InvalidRequest,
    IssuerUnavailable,
    MissingCredentials,
    Reason,
    RequestRejected,
)
from oauth_guard.exempt_connections import ExemptConnections
from oauth_guard.guard import Guard
from oauth_guard.guard_map import GuardMap
from oauth_guard.inner_request import inner_request
from oauth_guard.protocol.cross_origin import CrossOrigin, check_origin
from oauth_guard.protocol.identity import ANONYMOUS, reset_current_identity, set_current_identity
from oauth_guard.protocol.paths import PublicPaths
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.requirement import Requirement, read_requirement
from oauth_guard.protocol.rules import Rules
from oauth_guard.protocol.scopes import ScopeExpression
from oauth_guard.protocol.settings import checked_settings
from oauth_guard.protocol.subprotocols import read_subprotocols
from oauth_guard.protocol.token_parameters import is_form, query_carries_token

__all__ = ["OAuthGuardMiddleware"]

_GUARDED_TYPES = frozenset({"http", "websocket"})
_HANDSHAKE = "WEBSOCKET"
_NOTHING = Requirement()


@checked_settings
class OAuthGuardMiddleware:
    """Lets only requests with a valid token through to *app*, unless their path is public.

    The application finds the caller in the connection as `user` and `auth`, and by
    `current_identity()`.

    Args:
        app: The ASGI application to guard; its lifespan passes through unaltered, if it has one.
        guard: The guard, or one for each path prefix: `{"/a": guard_a, "/": guard}`. The longest
            prefix by whole segments decides, and `"/"` is required.
        public: Paths on which no token is looked at: `"/health"` (GET and HEAD), `"POST /hook"`,
            `"WEBSOCKET /feed"`, `"/static/*"`.
        requires: What every path that is not public requires of its caller.
        rules: What each path requires of its caller, instead of `requires=`: see `Rules`.
        required: Whether a token is required at all. If not, a caller without one is `ANONYMOUS`,
            unless `requires=` is given; an invalid token is rejected all the same.
        preflights: Let a browser's CORS preflights pass as `ANONYMOUS`, with the bodies of their
            responses removed.
        cors: Origins whose scripts may call the application, with any method and header, and
            read challenges.
        cors_expose: Further response header fields that those scripts may read.
        end_streams: End a response that is still being sent when its token ends, as is done with
            a WebSocket. See `ConnectionDeadlines`.

    Attributes:
        application: The application without its guard.
        guards: The guard of each path prefix.

    Raises:
        ConfigurationError: With a sentence that says what to write instead.
    """

    def __init__(  # noqa: PLR0913 - settings, each by keyword and with a default
        self,
        app: Application,
        guard: Guard | Mapping[str, Guard],
        *,
        public: Iterable[str] = (),
        requires: str | ScopeExpression | Requirement | None = None,
        rules: Rules | None = None,
        required: bool = True,
        preflights: bool = True,
        cors: Iterable[str] = (),
        cors_expose: Iterable[str] = (),
        end_streams: bool = False,
    ) -> None:
        self.application = app
        # Replaced by the application itself as soon as its routes are checked.
        self._app: Application = self._check_and_serve
        self.guards = GuardMap(guard)
        public_paths = PublicPaths.of(public)
        reads_path = bool(self.guards.only is None or rules or not public_paths.is_empty)
        if reads_path:
            check_root_path(app)
        self._inner_root_paths = inner_root_paths(app) if reads_path else frozenset()
        self._required = required or requires is not None
        self._requirement = read_requirement(requires)
        self._rules = None if rules is None else ConnectionRules(rules, self._inner_root_paths)
        check_requirements(self._requirement, rules, self.guards, required=required)
        self._cors = CrossOrigin.of(cors, cors_expose)
        self._exempt = ExemptConnections(
            self.guards, public_paths, self._inner_root_paths, self._cors, preflights=preflights
        )
        self._deadlines = ConnectionDeadlines(self._app, self.guards, self._find_requirement)
        self._ending_types = _GUARDED_TYPES if end_streams else frozenset({"websocket"})
        # The rest saves time on each request.
        self._challenge_scope = (self._requirement or _NOTHING).challenge_scope
        self._only = self.guards.only
        self._hidden_fields = self._exempt.hidden_fields
        self._header_only = self._only is not None and self._only.bearer_methods.header_only

    @classmethod
    def from_config(
        cls,
        app: Application,
        path: str | None = "oauth_guard.toml",
        environ: Mapping[str, str] = os.environ,
    ) -> Self:
        """Return *app* inside the middleware that a file configures: see `load_config`.

        Raises:
            ConfigurationError: A setting is wrong; the text begins with its file and line.
        """
        return cast("Self", middleware_from_config(app, path, environ))

    # Long, since each coroutine in between would cost time on every request.
    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Serve one connection; the parameters are named as ASGI servers pass them by keyword.

        Raises:
            ConfigurationError: Its type is unknown, so it can't be guarded.
        """
        if scope["type"] not in _GUARDED_TYPES:
            await self._serve_lifespan(scope, receive, send)
            return
        if self._exempt.may_include(scope):
            send_onward = await self._exempt.serve(self._app, scope, receive, send)
            if send_onward is None:
                return
            send = send_onward
        guard = self._only or self.guards.at(path_in_app(scope))
        request = inner_request(scope, guard) if REQUEST in scope else ResourceRequest(scope)
        try:
            if not self._header_only:
                scope, receive, send = await self._prepare(guard, request, scope, receive, send)
            requirement = self._requirement if self._rules is None else self._rules.find(scope)
            identity = await guard.authenticate(request)
            if requirement is not None and requirement.needs_io:
                identity = await guard.authorize_request(request, identity, requirement, scope)
            elif requirement is not None:
                guard.authorize(identity, requirement, request)
        except (RequestRejected, IssuerUnavailable) as error:
            if isinstance(error, MissingCredentials):
                error.scope = self._challenge_scope or (requirement or _NOTHING).challenge_scope
            if self._required or not isinstance(error, MissingCredentials):
                await reject_connection(guard.reject(error, request), scope, receive, send)
                return
            identity = ANONYMOUS
        send = with_response_headers(added, send) if (added := request.response_headers) else send
        earlier = set_current_identity(identity)
        try:
            inner = with_identity(scope, guard, identity, request, self._hidden_fields)
            serve = self._deadlines if scope["type"] in self._ending_types else self._app
            await serve(inner, receive, send)
        finally:
            reset_current_identity(earlier)

    def _find_requirement(self, connection: Connection) -> Requirement | None:
        return self._requirement if self._rules is None else self._rules.find(connection)

    async def _check_and_serve(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Check the routes, which are complete by the first request, and serve it."""
        self._check_app()
        await self._app(scope, receive, send)

    def _check_app(self) -> None:
        check_endpoints(self.application)
        check_policies(requirements_in(self.application), self.guards)
        if not self._cors.origins:
            warn_of_inner_cors(self.application)
        warn_of_hidden_metadata(self.application, self.guards.documents)
        self._app = self._deadlines.app = self.application

    async def _prepare(
        self,
        guard: Guard,
        request: ResourceRequest,
        connection: Connection,
        receive: Receive,
        send: Send,
    ) -> tuple[Connection, Receive, Send]:
        """Check path and origin, read a body with a token, and return what to serve with."""
        if self._only is None and self.guards.depends_on_reader(
            *path_parts(connection, self._inner_root_paths)
        ):
            raise InvalidRequest(Reason.AMBIGUOUS_PATH)
        methods = guard.bearer_methods
        if methods.header_only:
            return connection, receive, send
        if methods.token_header is not None:
            check_origin(request, guard.resource, self._cors.origins)
            send = with_private_cache(send, methods.token_header)
        if methods.token_cookie is not None:
            is_handshake = connection["type"] == "websocket"
            methods.token_cookie.check_page(
                request.method, request.headers, self._cors.origins, is_handshake=is_handshake
            )
            send = with_private_cache(send, b"cookie")
        if methods.subprotocol and (reply := read_subprotocols(request.subprotocols).reply):
            send = with_subprotocol(reply, send)
        if connection["type"] == "http":
            if methods.body and is_form(request.method, request.headers):
                request.form, receive = await read_body(receive)
            if methods.query and query_carries_token(request.query):
                send = with_private_cache(send)
        elif methods.connection_init and request.may_read_first_message(methods):
            handshake = GraphQLHandshake(receive, send)
            request.connection_init = await handshake.read()
            return handshake.connection(connection), handshake.receive, handshake.send
        return connection, receive, send

    async def _serve_lifespan(self, connection: Connection, receive: Receive, send: Send) -> None:
        if connection["type"] != "lifespan":
            kind = connection["type"]
            raise ConfigurationError(f"A connection of type {kind!r} can't be guarded.")
        async with AsyncExitStack() as stack:
            try:
                for guard in self.guards:
                    await stack.enter_async_context(guard)
                self._check_app()
            except (IssuerUnavailable, ConfigurationError) as error:
                # If the error were raised, the server would serve without a lifespan.
                await receive()
                await send({"type": "lifespan.startup.failed", "message": str(error)})
            else:
                await run_lifespan(self._app, connection, receive, send)

    def protection(self, connection: Connection) -> tuple[bool, Guard | None, Requirement | None]:
        """Return whether the path of *connection* is public, its guard, and what it requires.

        The guard is None where a caller without a token is served.

        Raises:
            InvalidRequest: The path is ambiguous.
        """
        if self._exempt.is_public(connection, connection.get("method", _HANDSHAKE)):
            return True, None, None
        requirement = self._find_requirement(connection)
        guard = self.guards.at(path_in_app(connection)) if self._required else None
        return False, guard, requirement
