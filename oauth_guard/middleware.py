"""OAuthGuardMiddleware: the door into an ASGI application, for HTTP and WebSocket."""

from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack

from oauth_guard.asgi import (
    REQUEST,
    Application,
    Connection,
    Receive,
    Send,
    deny_handshake,
    path_in_app,
    read_body,
    read_request,
    send_rejection,
    send_response,
    with_empty_body,
    with_headers,
    with_identity,
    with_private_cache,
)
from oauth_guard.errors import (
    ConfigurationError,
    InvalidRequest,
    IssuerUnavailable,
    MissingCredentials,
    Reason,
    RequestRejected,
)
from oauth_guard.guard import Guard
from oauth_guard.guard_map import GuardMap
from oauth_guard.protocol.challenge import Rejection
from oauth_guard.protocol.credentials import Credentials, is_form, query_carries_token
from oauth_guard.protocol.cross_origin import PREFLIGHT_HEADERS, CrossOrigin, is_preflight
from oauth_guard.protocol.identity import (
    ANONYMOUS,
    Identity,
    reset_current_identity,
    set_current_identity,
)
from oauth_guard.protocol.metadata import METADATA_HEADERS
from oauth_guard.protocol.paths import PublicPaths, is_ambiguous
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.requirement import Requirement
from oauth_guard.protocol.scopes import ScopeExpression
from oauth_guard.quick_way import QuickWay

__all__ = ["OAuthGuardMiddleware"]

_HANDSHAKE = "WEBSOCKET"


class OAuthGuardMiddleware:
    """Lets requests through to *app* only with a good token, unless their path is public.

    The caller stands in the connection as `user` and as `auth`, and is `current_identity()`.

    Args:
        app: The ASGI application to guard; its lifespan passes through unaltered.
        guard: The guard, or one for each path prefix: `{"/a": guard_a, "/": guard}`. The
            longest prefix by whole segments decides, and `"/"` must be there.
        public: Paths on which nobody looks at a token: `"/health"` (GET and HEAD),
            `"POST /hook"`, `"WEBSOCKET /feed"`, `"/static/*"`.
        requires: What every path that is not public asks of its caller.
        required: Whether a token must be there at all. If not, a caller without one is
            `ANONYMOUS`, unless `requires=` asks for more; a bad token is refused all the same.
        preflights: Let a browser's CORS preflights pass as `ANONYMOUS`, their answers
            stripped of a body.
        cors: Origins whose scripts may call the application and read challenges.

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
        required: bool = True,
        preflights: bool = True,
        cors: Iterable[str] = (),
    ) -> None:
        self._app = app
        self._guards = GuardMap(guard)
        self._public = PublicPaths.of(public)
        _check_root_path(app, alone=self._guards.only is not None and not public)
        self._requirement = _requirement(requires, required=required)
        if self._requirement is not None:
            for each in self._guards:
                each.check_requirement(self._requirement)
        self._preflights = preflights
        self._cors = CrossOrigin.of(cors)
        self._quick = self._quick_way()

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        """Serve one connection.

        Raises:
            ConfigurationError: Its type is unknown, so nobody could say how to guard it.
        """
        if connection["type"] != "http":
            await self._no_http(connection, receive, send)
            return
        quick = self._quick
        if quick is None or quick.leads_past(connection):
            await self._http(connection, receive, send)
            return
        # Most requests end below: nothing is awaited before the application.
        outcome = quick.guard.recognise(connection["headers"])
        if outcome is None:
            await self._http_guarded(connection, receive, send)
            return
        if isinstance(outcome, Credentials):
            try:
                outcome = await quick.guard.judge(outcome)
            except (RequestRejected, IssuerUnavailable) as error:
                outcome = quick.guard.reject(error)
        if isinstance(outcome, Identity) and (
            outcome is ANONYMOUS or not quick.enough <= outcome.scopes
        ):
            outcome = quick.hold(outcome)
        if isinstance(outcome, Rejection):
            await send_rejection(outcome, connection, send)
            return
        token = set_current_identity(outcome)
        try:
            await self._app(with_identity(connection, quick.guard, outcome), receive, send)
        finally:
            reset_current_identity(token)

    async def _no_http(self, connection: Connection, receive: Receive, send: Send) -> None:
        match connection["type"]:
            case "websocket":
                await self._websocket(connection, receive, send)
            case "lifespan":
                await self._lifespan(connection, receive, send)
            case unknown:
                raise ConfigurationError(f"A connection of type {unknown!r} can't be guarded.")

    async def _lifespan(self, connection: Connection, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as stack:
            try:
                for guard in self._guards:
                    await stack.enter_async_context(guard)
            except IssuerUnavailable as error:
                # Servers go on without a lifespan where one raises.
                await receive()
                await send({"type": "lifespan.startup.failed", "message": str(error)})
            else:
                await self._app(connection, receive, send)

    async def _http(self, connection: Connection, receive: Receive, send: Send) -> None:
        guard, method, headers = (
            self._guard(connection),
            connection["method"],
            connection["headers"],
        )
        cross_origin = self._cors.response_headers(headers)
        if cross_origin:
            send = with_headers(cross_origin, send)
        if method in {"GET", "HEAD"} and (document := self._document(connection)):
            await send_response(send, method, 200, METADATA_HEADERS, document)
        elif self._preflights and is_preflight(method, headers):
            if cross_origin:
                await send_response(send, method, 204, PREFLIGHT_HEADERS)
            else:
                # Without extensions nothing but a plain body can carry content.
                bare = {**connection, "extensions": {}}
                await self._serve(guard, ANONYMOUS, bare, receive, with_empty_body(send))
        # Anyone may call a method of HTTP by our word for a handshake: that makes it none.
        elif method != _HANDSHAKE and self._is_public(connection, method):
            await self._serve(guard, ANONYMOUS, connection, receive, send)
        else:
            await self._http_guarded(connection, receive, send)

    async def _http_guarded(self, connection: Connection, receive: Receive, send: Send) -> None:
        guard, method, form = self._guard(connection), connection["method"], None
        try:
            if guard.transmission.body and is_form(method, connection["headers"]):
                form, receive = await read_body(receive)
            request = read_request(connection, form)
            identity = await self._admit(guard, connection, request)
        except (RequestRejected, IssuerUnavailable) as error:
            await send_rejection(guard.reject(error), connection, send)
        else:
            if guard.transmission.query and query_carries_token(request.query):
                send = with_private_cache(send)
            if form is not None:
                connection = {**connection, REQUEST: (guard, request)}
            await self._serve(guard, identity, connection, receive, send)

    async def _websocket(self, connection: Connection, receive: Receive, send: Send) -> None:
        guard = self._guard(connection)
        if self._is_public(connection, _HANDSHAKE):
            await self._serve(guard, ANONYMOUS, connection, receive, send)
            return
        try:
            identity = await self._admit(guard, connection, read_request(connection))
        except (RequestRejected, IssuerUnavailable) as error:
            await deny_handshake(guard.reject(error), connection, receive, send)
        else:
            await self._serve(guard, identity, connection, receive, send)

    async def _admit(
        self, guard: Guard, connection: Connection, request: ResourceRequest
    ) -> Identity:
        if self._guards.only is None and is_ambiguous(
            path_in_app(connection), connection.get("raw_path")
        ):
            raise InvalidRequest(Reason.AMBIGUOUS_PATH)  # whose path it is depends on who reads
        try:
            identity = await guard.authenticate(request)
        except MissingCredentials as error:
            if self._requirement is not None:
                raise MissingCredentials(
                    error.reason, scope=self._requirement.challenge_scope
                ) from None
            identity = ANONYMOUS
        if self._requirement is not None:
            identity = await guard.authorize(request, identity, self._requirement)
        return identity

    async def _serve(
        self,
        guard: Guard,
        identity: Identity,
        connection: Connection,
        receive: Receive,
        send: Send,
    ) -> None:
        token = set_current_identity(identity)
        try:
            await self._app(with_identity(connection, guard, identity), receive, send)
        finally:
            reset_current_identity(token)

    def _quick_way(self) -> QuickWay | None:
        """Return the quick way, where there is one: one header must be able to tell all."""
        guard, asked = self._guards.only, self._requirement
        # A guard that extends ours may judge otherwise than it says at once, so it is not asked to.
        if type(guard) is not Guard or not guard.transmission.header_only:
            return None
        if self._cors.origins or (asked is not None and asked.introspect):
            return None
        return QuickWay(guard, asked, self._public)

    def _is_public(self, connection: Connection, method: str) -> bool:
        return self._public.include(method, path_in_app(connection), connection.get("raw_path"))

    def _guard(self, connection: Connection) -> Guard:
        return self._guards.only or self._guards.at(path_in_app(connection))

    def _document(self, connection: Connection) -> bytes | None:
        """Return the metadata that lives at this path, as the server or as the mount sees it."""
        documents = self._guards.documents
        return documents.get(connection["path"]) or documents.get(path_in_app(connection))


def _requirement(
    requires: str | ScopeExpression | Requirement | None, *, required: bool
) -> Requirement | None:
    """Read what is asked on every path: nothing, a good token, or more."""
    if requires is None:
        return Requirement() if required else None
    return requires if isinstance(requires, Requirement) else Requirement.of(requires)


def _check_root_path(app: object, *, alone: bool) -> None:
    """Refuse an application that strips a prefix only after its paths were looked at here."""
    if getattr(app, "root_path", "") and not alone:
        raise ConfigurationError(
            "An application with a root_path of its own reads other paths than its guard: write "
            "app.add_middleware(OAuthGuardMiddleware, ...), or give root_path to the server."
        )
