"""ForwardAuth: the ASGI application that reverse proxies ask whether a request may pass."""

import logging
from collections.abc import Iterable

from oauth_guard.asgi import (
    Application,
    Connection,
    Receive,
    Send,
    path_in_app,
    send_metadata,
    send_response,
)
from oauth_guard.connection_rules import check_requirements
from oauth_guard.errors import (
    ConfigurationError,
    IssuerUnavailable,
    MissingCredentials,
    RequestRejected,
)
from oauth_guard.forward_auth.assertion import Assertion
from oauth_guard.forward_auth.forwarded_request import (
    CHECK_PATH,
    ForwardedRequest,
    ForwardedRequests,
    Proxy,
)
from oauth_guard.forward_auth.identity_fields import identity_fields
from oauth_guard.guard import Guard
from oauth_guard.log_limit import LogLimit
from oauth_guard.protocol.challenge import Rejection
from oauth_guard.protocol.cross_origin import check_origin
from oauth_guard.protocol.identity import ANONYMOUS, Identity
from oauth_guard.protocol.paths import PublicPaths
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.requirement import DENIED, Requirement
from oauth_guard.protocol.rules import Rules
from oauth_guard.protocol.settings import checked_settings
from oauth_guard.protocol.trusted_proxy import TrustedProxy
from oauth_guard.telemetry.health import health_app

__all__ = ["ForwardAuth"]

_KEYS_PATH = "/keys"
_NO_STORE = (b"cache-control", b"no-store")
_EMPTY = (b"content-length", b"0")
_KEY_SET_HEADERS = (
    (b"content-type", b"application/jwk-set+json"),
    (b"cache-control", b"max-age=300"),
)


@checked_settings
class ForwardAuth:
    """Says for each request of a client whether a reverse proxy may pass it to an application.

    A proxy sends a request to `/check`; with Envoy, below `/check/`. A response with status 200
    means that the request may pass: it has all fields of `IDENTITY_FIELDS`, which the proxy must
    copy into the request. Every other status means that it may not. A request that does not come
    from the proxy gets 403 and a log line. Requests are authenticated by the guard, so bound
    tokens need their proofs: DPoP is checked against method and path of the client's request, a
    certificate is read from the field that the proxy writes. A token in a cookie is accepted from
    pages of the resource's own origin only: see `TokenCookie.check_page`.

    Everything else is for others than the proxy: `/keys` has the keys of the assertion, `/live`
    and `/ready` are those of `health_app`, and the metadata of the guard (RFC 9728) is served at
    its path.

    Does not end a WebSocket or a stream with its token: a proxy asks about its first request only.

    Args:
        guard: Authenticates and authorizes the requests. Tokens in a form are not accepted,
            since a proxy forwards no body.
        rules: What each path requires. A WebSocket handshake is a GET, since a proxy forwards it
            without the fields that make it a handshake.
        proxy: How the proxy forwards method and URI: see `ForwardedRequests`.
        secret: The name of a header field and a secret of 16 characters or more that the proxy
            writes into it.
        unrewritten_peers: Instead of the secret, the addresses or networks of the proxies: see
            `TrustedProxy`.
        public: Paths on which no token is looked at, as in `OAuthGuardMiddleware`. The identity
            fields are empty, except for the kind, `anonymous`.
        prefix: The path below which clients see the application, such as `/api`. Rules and
            `public=` do not contain it. A path that is not below it requires what no caller has.
        strips_prefix: Whether the proxy has removed the prefix from the URI that it forwards.
        assertion: Signs a JWT about the caller, in place of plain fields.

    Raises:
        ConfigurationError: With a sentence that says what to write instead.
    """

    def __init__(  # noqa: PLR0913 - settings, each by keyword and with a default
        self,
        guard: Guard,
        rules: Rules,
        *,
        proxy: Proxy,
        secret: tuple[str, str] | None = None,
        unrewritten_peers: Iterable[str] = (),
        public: Iterable[str] = (),
        prefix: str = "",
        strips_prefix: bool = False,
        assertion: Assertion | None = None,
    ) -> None:
        _check(guard, rules)
        self._guard, self._rules, self._assertion = guard, rules, assertion
        self._proxy = TrustedProxy(secret, unrewritten_peers, owner="ForwardAuth")
        self._requests = ForwardedRequests(proxy, prefix, strips_prefix=strips_prefix)
        self._is_below = proxy == "envoy"
        self._public = PublicPaths.of(public)
        self._health: Application = health_app(guard)
        self._limit = LogLimit()

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Serve one connection; the parameters are named as ASGI servers pass them by keyword."""
        if scope["type"] == "lifespan":
            await self._serve_lifespan(receive, send)
        elif scope["type"] == "http" and self._is_check(path_in_app(scope)):
            await self._check(scope, send)
        elif scope["type"] == "http" and path_in_app(scope) == self._guard.metadata_path:
            document = self._guard.metadata_document
            await send_metadata(send, scope["method"], scope["headers"], document)
        elif scope["type"] == "http" and self._publishes_keys(scope):
            key_set = b"" if self._assertion is None else self._assertion.key_set
            await send_response(send, scope["method"], 200, _KEY_SET_HEADERS, key_set)
        else:
            await self._health(scope, receive, send)

    def _is_check(self, path: str) -> bool:
        return path.startswith(f"{CHECK_PATH}/") if self._is_below else path == CHECK_PATH

    def _publishes_keys(self, connection: Connection) -> bool:
        return (
            self._assertion is not None
            and path_in_app(connection) == _KEYS_PATH
            and connection["method"] in {"GET", "HEAD"}
        )

    async def _check(self, connection: Connection, send: Send) -> None:
        incoming = ResourceRequest(connection)
        if not self._proxy.has_sent(incoming.headers, incoming.peer):
            message = "%s: a request to forward-auth does not come from the proxy: peer %s"
            self._limit.log(logging.WARNING, "peer", message, self._guard.resource, incoming.peer)
            await send_response(send, incoming.method, 403, (_NO_STORE, _EMPTY))
            return
        request = incoming
        try:
            forwarded = self._requests.read(connection)
            request = ResourceRequest(forwarded.connection)
            identity = await self._identity(forwarded, request)
        except (RequestRejected, IssuerUnavailable) as error:
            rejection = self._guard.reject(error, request)
            joined = _fields_of(rejection)
            await send_response(send, incoming.method, rejection.status, joined, rejection.body)
            return
        added = [field for field in request.response_headers if field != _NO_STORE]
        fields = (*identity_fields(identity, self._assertion), *added, _NO_STORE, _EMPTY)
        await send_response(send, incoming.method, 200, fields)

    async def _identity(self, forwarded: ForwardedRequest, request: ResourceRequest) -> Identity:
        """Return the caller of a request that may pass; raise for another."""
        parts = (request.method, forwarded.path, forwarded.raw_path, self._requests.root_paths)
        if forwarded.is_below_prefix and self._public.include(*parts):
            return ANONYMOUS
        requirement = self._rules.requirement(*parts) if forwarded.is_below_prefix else DENIED
        try:
            return await self._authorized(request, requirement, forwarded.connection)
        except MissingCredentials as error:
            error.scope = requirement.challenge_scope
            raise

    async def _authorized(
        self, request: ResourceRequest, requirement: Requirement, connection: Connection
    ) -> Identity:
        guard = self._guard
        if guard.bearer_methods.token_header is not None:
            check_origin(request, guard.resource, ())
        if (cookie := guard.bearer_methods.token_cookie) is not None:
            # Proxies leave out `Upgrade`, but not the key of a handshake (RFC 6455 §4.1).
            is_handshake = bool(request.values_of(b"sec-websocket-key"))
            cookie.check_page(request.method, request.headers, (), is_handshake=is_handshake)
        identity = await guard.authenticate(request)
        return await guard.authorize_request(request, identity, requirement, connection)

    async def _serve_lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._guard.start()
        except (IssuerUnavailable, ConfigurationError) as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._guard.aclose()
        await send({"type": "lifespan.shutdown.complete"})


def _check(guard: Guard, rules: Rules) -> None:
    check_requirements(None, rules, [guard], required=True)
    if rules.has_handshakes:
        raise ConfigurationError(
            "ForwardAuth() sees a WebSocket handshake as a GET: write its rule without WEBSOCKET."
        )
    if guard.bearer_methods.body:
        raise ConfigurationError(
            "ForwardAuth() receives no body, and so no token in it: leave "
            '"body" out of bearer_methods=.'
        )


def _fields_of(rejection: Rejection) -> list[tuple[bytes, bytes]]:
    """Return the fields of *rejection* with its challenges in one: nginx copies only the first."""
    joined = [(k.encode(), v.encode()) for k, v in rejection.joined_challenges.items()]
    names = {name for name, _ in joined}
    return [*joined, *(field for field in rejection.headers if field[0] not in names)]
