"""OAuthGuardMiddleware: the door into an ASGI application, for HTTP and WebSocket."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from contextlib import AsyncExitStack
from typing import Any, TypeAlias

from oauth_guard.errors import (
    ConfigurationError,
    InvalidRequest,
    IssuerUnavailable,
    MissingCredentials,
    Reason,
    RequestRejected,
)
from oauth_guard.guard import ADMISSION, Admission, Guard
from oauth_guard.protocol.challenge import Rejection
from oauth_guard.protocol.cross_origin import PREFLIGHT_HEADERS, CrossOrigin, is_preflight
from oauth_guard.protocol.identity import ANONYMOUS, Identity, leave_identity, take_identity
from oauth_guard.protocol.metadata import METADATA_HEADERS
from oauth_guard.protocol.paths import PublicPaths, is_ambiguous, is_under, route_path
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.requirement import Requirement
from oauth_guard.protocol.scopes import ScopeExpression

__all__ = ["OAuthGuardMiddleware"]

Connection: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Connection, Receive, Send], Awaitable[None]]
HeaderFields: TypeAlias = Iterable[tuple[bytes, bytes]]

_HANDSHAKE = "WEBSOCKET"
_PREFIX = re.compile(r"/|(/[^/*%?#]+)+")
_POLICY_VIOLATION, _TRY_AGAIN_LATER = 1008, 1013
_UNAVAILABLE = 503
_NOTHING = Requirement()


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
        self._documents = _documents(guard for _, guard in self._guards)
        self._public = PublicPaths.of(public)
        self._requirement = _requirement(requires)
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
                async with AsyncExitStack() as stack:
                    for _, guard in self._guards:
                        await stack.enter_async_context(guard)
                    await self._app(connection, receive, send)
            case unknown:
                raise ConfigurationError(f"A connection of type {unknown!r} can't be guarded.")

    async def _http(self, connection: Connection, receive: Receive, send: Send) -> None:
        method, headers = connection["method"], connection["headers"]
        cross_origin = self._cors.response_headers(headers)
        if cross_origin:
            send = _adding(cross_origin, send)
        if method in {"GET", "HEAD"} and (document := self._document(connection)):
            await _answer(send, method, 200, METADATA_HEADERS, document)
        elif self._preflights and is_preflight(method, headers):
            if cross_origin:
                await _answer(send, method, 204, PREFLIGHT_HEADERS)
            else:
                # Without extensions nothing but a plain body can carry content.
                connection = {**connection, "extensions": {}}
                anonymous = Admission(self._guard(connection), ANONYMOUS)
                await self._serve(anonymous, connection, receive, _without_body(send))
        else:
            outcome = await self._admit(connection, method)
            if isinstance(outcome, Rejection):
                await _answer(send, method, outcome.status, outcome.headers, outcome.body)
            else:
                await self._serve(outcome, connection, receive, send)

    async def _websocket(self, connection: Connection, receive: Receive, send: Send) -> None:
        outcome = await self._admit(connection, _HANDSHAKE)
        if isinstance(outcome, Rejection):
            await _deny(outcome, connection, receive, send)
        else:
            await self._serve(outcome, connection, receive, send)

    async def _admit(self, connection: Connection, method: str) -> Admission | Rejection:
        guard = self._guard(connection)
        path, raw_path = _route_path(connection), connection.get("raw_path")
        # Anyone may call a method of HTTP by our word for a handshake: that makes it none.
        misnamed = method == _HANDSHAKE and connection["type"] == "http"
        if not misnamed and self._public.include(method, path, raw_path):
            return Admission(guard, ANONYMOUS)
        try:
            if len(self._guards) > 1 and is_ambiguous(path, raw_path):
                raise InvalidRequest(Reason.AMBIGUOUS_PATH)  # whose path it is depends on who reads
            identity = await self._identify(guard, connection, method)
            if identity.is_authenticated or self._requirement != _NOTHING:
                guard.authorize(identity, self._requirement)
        except (RequestRejected, IssuerUnavailable) as error:
            return guard.reject(error)
        return Admission(guard, identity)

    async def _identify(self, guard: Guard, connection: Connection, method: str) -> Identity:
        # A WebSocket handshake is a GET (RFC 6455 §4.1).
        method = "GET" if method == _HANDSHAKE else method
        try:
            return await guard.authenticate(ResourceRequest(method, connection["headers"]))
        except MissingCredentials as error:
            if not self._required:
                return ANONYMOUS
            scopes = self._requirement.scopes
            raise MissingCredentials(error.reason, scope=str(scopes) if scopes else None) from None

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
    return sorted(guards.items(), key=lambda item: len(item[0]), reverse=True)


def _documents(guards: Iterable[Guard]) -> dict[str, bytes]:
    documents: dict[str, bytes] = {}
    for guard in guards:
        path = guard.metadata_path
        if path is not None and documents.setdefault(path, guard.metadata) != guard.metadata:
            raise ConfigurationError(
                f"Two guards have their metadata at {path}: their resources need different paths, "
                "or one of them metadata=False."
            )
    return documents


def _requirement(requires: str | ScopeExpression | Requirement | None) -> Requirement:
    if isinstance(requires, Requirement):
        return requires
    return _NOTHING if requires is None else Requirement.of(requires)


def _route_path(connection: Connection) -> str:
    return route_path(connection["path"], connection.get("root_path") or "")


def _adding(fields: HeaderFields, send: Send) -> Send:
    """Add header *fields* to the answer, unless the application saw to CORS by itself."""

    async def adding(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            if all(name.lower() != b"access-control-allow-origin" for name, _ in headers):
                message = {**message, "headers": [*headers, *fields]}
        await send(message)

    return adding


def _without_body(send: Send) -> Send:
    """Let status and headers of an answer through, and nothing else."""

    async def without_body(message: Message) -> None:
        match message["type"]:
            case "http.response.start":
                headers = [
                    f for f in message.get("headers", ()) if f[0].lower() != b"content-length"
                ]
                await send({**message, "headers": headers, "trailers": False})
            case "http.response.body":
                await send({**message, "body": b""})

    return without_body


async def _answer(
    send: Send, method: str, status: int, headers: HeaderFields, body: bytes = b""
) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


async def _deny(rejection: Rejection, connection: Connection, receive: Receive, send: Send) -> None:
    """Refuse a handshake: with the same answer as over HTTP where the server can send one."""
    if (await receive())["type"] != "websocket.connect":
        return  # the client is gone already
    if "websocket.http.response" in (connection.get("extensions") or {}):
        start = {"status": rejection.status, "headers": list(rejection.headers)}
        await send({"type": "websocket.http.response.start", **start})
        await send({"type": "websocket.http.response.body", "body": rejection.body})
    else:
        code = _TRY_AGAIN_LATER if rejection.status == _UNAVAILABLE else _POLICY_VIOLATION
        await send({"type": "websocket.close", "code": code})
