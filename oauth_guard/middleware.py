"""OAuthGuardMiddleware: the door into an ASGI application, for HTTP and WebSocket."""

import re
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack

from oauth_guard.asgi import (
    Application,
    Connection,
    Receive,
    Send,
    adding,
    answer,
    deny,
    kept_private,
    read_body,
    without_body,
)
from oauth_guard.errors import (
    ConfigurationError,
    InvalidRequest,
    IssuerUnavailable,
    MissingCredentials,
    Reason,
    RequestRejected,
)
from oauth_guard.guard import ADMISSION, Admission, Guard
from oauth_guard.protocol.credentials import is_form, query_carries_token
from oauth_guard.protocol.cross_origin import PREFLIGHT_HEADERS, CrossOrigin, is_preflight
from oauth_guard.protocol.identity import ANONYMOUS, leave_identity, take_identity
from oauth_guard.protocol.metadata import METADATA_HEADERS
from oauth_guard.protocol.paths import PublicPaths, is_ambiguous, is_under, route_path
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.requirement import Requirement
from oauth_guard.protocol.scopes import ScopeExpression

__all__ = ["OAuthGuardMiddleware"]

_HANDSHAKE = "WEBSOCKET"
_NOTHING = ResourceRequest("GET", ())  # in which nobody would find a token
_PREFIX = re.compile(r"/|(/[^/*%?#]+)+")


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
        self._guards = _by_prefix(guard)
        _check_root_path(app, alone=len(self._guards) == 1 and not public)
        self._documents = _documents(guard for _, guard in self._guards)
        self._public = PublicPaths.of(public)
        self._requirement = _requirement(requires)
        if self._requirement is not None:
            for _, each in self._guards:
                each.check_requirement(self._requirement)
        self._required = required
        self._preflights = preflights
        self._cors = CrossOrigin.of(cors)

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        """Serve one connection.

        Raises:
            ConfigurationError: Its type is unknown, so nobody could say how to guard it.
        """
        match connection["type"]:
            case "http":
                await self._http(connection, receive, send)
            case "websocket":
                await self._websocket(connection, receive, send)
            case "lifespan":
                await self._lifespan(connection, receive, send)
            case unknown:
                raise ConfigurationError(f"A connection of type {unknown!r} can't be guarded.")

    async def _lifespan(self, connection: Connection, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as stack:
            try:
                for _, guard in self._guards:
                    await stack.enter_async_context(guard)
            except IssuerUnavailable as error:
                # Servers go on without a lifespan where one raises.
                await receive()
                await send({"type": "lifespan.startup.failed", "message": str(error)})
            else:
                await self._app(connection, receive, send)

    async def _http(self, connection: Connection, receive: Receive, send: Send) -> None:
        method, headers = connection["method"], connection["headers"]
        cross_origin = self._cors.response_headers(headers)
        if cross_origin:
            send = adding(cross_origin, send)
        if method in {"GET", "HEAD"} and (document := self._document(connection)):
            await answer(send, method, 200, METADATA_HEADERS, document)
        elif self._preflights and is_preflight(method, headers):
            if cross_origin:
                await answer(send, method, 204, PREFLIGHT_HEADERS)
            else:
                # Without extensions nothing but a plain body can carry content.
                bare = {**connection, "extensions": {}}
                await self._serve(self._nobody(connection), bare, receive, without_body(send))
        # Anyone may call a method of HTTP by our word for a handshake: that makes it none.
        elif method != _HANDSHAKE and self._is_public(connection, method):
            await self._serve(self._nobody(connection), connection, receive, send)
        else:
            await self._http_guarded(connection, receive, send)

    async def _http_guarded(self, connection: Connection, receive: Receive, send: Send) -> None:
        guard, method, form = self._guard(connection), connection["method"], None
        try:
            if guard.transmission.body and is_form(method, connection["headers"]):
                form, receive = await read_body(receive)
            admission = await self._admit(guard, connection, method, form)
        except (RequestRejected, IssuerUnavailable) as error:
            refusal = guard.reject(error)
            await answer(send, method, refusal.status, refusal.headers, refusal.body)
        else:
            if guard.transmission.query and query_carries_token(_query(connection)):
                send = kept_private(send)
            await self._serve(admission, connection, receive, send)

    async def _websocket(self, connection: Connection, receive: Receive, send: Send) -> None:
        if self._is_public(connection, _HANDSHAKE):
            await self._serve(self._nobody(connection), connection, receive, send)
            return
        guard = self._guard(connection)
        try:
            # A WebSocket handshake is a GET (RFC 6455 §4.1).
            admission = await self._admit(guard, connection, "GET", None)
        except (RequestRejected, IssuerUnavailable) as error:
            await deny(guard.reject(error), connection, receive, send)
        else:
            await self._serve(admission, connection, receive, send)

    async def _admit(
        self, guard: Guard, connection: Connection, method: str, form: bytes | None
    ) -> Admission:
        if len(self._guards) > 1 and is_ambiguous(_route_path(connection), _raw_path(connection)):
            raise InvalidRequest(Reason.AMBIGUOUS_PATH)  # whose path it is depends on who reads
        request = ResourceRequest(
            method=method,
            headers=connection["headers"],
            secure=connection.get("scheme") in {"https", "wss"},
            query=_query(connection),
            form=form,
        )
        try:
            identity = await guard.authenticate(request)
        except MissingCredentials as error:
            if self._required:
                raise MissingCredentials(error.reason, scope=self._wanted()) from None
            identity = ANONYMOUS
        if self._requirement is not None:
            identity = await guard.authorize(request, identity, self._requirement)
        return Admission(guard, identity, request)

    def _nobody(self, connection: Connection) -> Admission:
        return Admission(self._guard(connection), ANONYMOUS, _NOTHING)

    async def _serve(
        self, admission: Admission, connection: Connection, receive: Receive, send: Send
    ) -> None:
        identity = admission.identity
        inner = {**connection, "user": identity, "auth": identity, ADMISSION: admission}
        token = take_identity(identity)
        try:
            await self._app(inner, receive, send)
        finally:
            leave_identity(token)

    def _wanted(self) -> str | None:
        """Return the scope to ask for, if every path asks for one."""
        scopes = self._requirement.scopes if self._requirement else None
        return None if scopes is None else str(scopes)

    def _is_public(self, connection: Connection, method: str) -> bool:
        return self._public.include(method, _route_path(connection), _raw_path(connection))

    def _guard(self, connection: Connection) -> Guard:
        path = _route_path(connection)
        return next(guard for prefix, guard in self._guards if is_under(path, prefix))

    def _document(self, connection: Connection) -> bytes | None:
        """Return the metadata that lives at this path, as the server or as the mount sees it."""
        path = connection["path"]
        return self._documents.get(path) or self._documents.get(_route_path(connection))


def _by_prefix(guard: Guard | Mapping[str, Guard]) -> list[tuple[str, Guard]]:
    """List the guards under their path prefixes, the longest first."""
    guards = guard if isinstance(guard, Mapping) else {"/": guard}
    if "/" not in guards:
        raise ConfigurationError('guard= must name a guard for "/", so that no path is unguarded.')
    for prefix in guards:
        if not _PREFIX.fullmatch(prefix) or is_ambiguous(prefix, None):
            raise ConfigurationError(
                f'guard= takes plain path prefixes like "/a" and "/a/b", not {prefix!r}.'
            )
    for each in guards.values():
        if not isinstance(each, Guard):
            raise ConfigurationError(
                "guard= is a Guard, or one for each path prefix: OAuthGuardMiddleware(app, guard)."
            )
    return sorted(guards.items(), key=lambda item: len(item[0]), reverse=True)


def _check_root_path(app: object, *, alone: bool) -> None:
    """Refuse an application that strips a prefix only after its paths were looked at here."""
    if getattr(app, "root_path", "") and not alone:
        raise ConfigurationError(
            "An application with a root_path of its own reads other paths than its guard: write "
            "app.add_middleware(OAuthGuardMiddleware, ...), or give root_path to the server."
        )


def _documents(guards: Iterable[Guard]) -> dict[str, bytes]:
    documents: dict[str, bytes] = {}
    for guard in guards:
        path = guard.metadata_path
        if (
            path is not None
            and documents.setdefault(path, guard.metadata_document) != guard.metadata_document
        ):
            raise ConfigurationError(
                f"Two guards have their metadata at {path}: their resources need different paths, "
                "or one of them metadata=False."
            )
    return documents


def _requirement(requires: str | ScopeExpression | Requirement | None) -> Requirement | None:
    if requires is None or isinstance(requires, Requirement):
        return requires
    return Requirement.of(requires)


def _route_path(connection: Connection) -> str:
    path: str = connection["path"]
    root_path = connection.get("root_path")
    return route_path(path, root_path) if root_path else path


def _raw_path(connection: Connection) -> bytes | None:
    raw_path: bytes | None = connection.get("raw_path")
    return raw_path


def _query(connection: Connection) -> bytes:
    query: bytes = connection.get("query_string", b"")
    return query
