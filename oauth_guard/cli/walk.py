"""walk(): sends one request through the middleware of a configuration, and returns its trace."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit

from oauth_guard.asgi import IDENTITY, Connection, Receive, Send
from oauth_guard.config import Configuration
from oauth_guard.explanations import EXPLANATIONS
from oauth_guard.guard import Guard
from oauth_guard.guard_map import GuardMap
from oauth_guard.middleware import OAuthGuardMiddleware
from oauth_guard.protocol.challenge import Rejection
from oauth_guard.protocol.credentials import BEARER, DPOP
from oauth_guard.protocol.identity import ANONYMOUS, Identity
from oauth_guard.protocol.requirement import Requirement
from oauth_guard.route_check import check
from oauth_guard.trace import TRACE, Trace

__all__ = ["TRACING", "Explained", "Presented", "walk"]

TRACING: Mapping[str, Any] = {"trace": True, "start": "background"}
"""The settings to load the configuration with: its guards trace, and start without keys."""

_OK, _FIRST_ERROR, _NO_RESPONSE = 200, 400, 503
_HANDSHAKE = "WEBSOCKET"
_MEANINGS = {str(reason): each for reason, each in EXPLANATIONS.items()}


@dataclass(frozen=True)
class Presented:
    """The request that is explained; its `repr` shows no token.

    Attributes:
        token: The token.
        method: The HTTP method, or `WEBSOCKET`.
        target: The path, with a query if there is one.
        scopes: Scopes that the route requires, besides what the configuration requires.
        proof: A DPoP proof.
        certificate: The client's certificate in PEM, as the server of the application gives it.
        headers: Further header fields.
        peer: The address of the TCP peer.
    """

    token: str = field(repr=False)
    method: str = "GET"
    target: str = "/"
    scopes: tuple[str, ...] = ()
    proof: str | None = field(default=None, repr=False)
    certificate: str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    peer: str = "127.0.0.1"


@dataclass
class Explained:
    """What became of the request.

    Attributes:
        trace: The steps that the path has taken; empty on a public path.
        status: The status of the response; 200 if the application was reached.
        identity: The caller, if the application was reached.
    """

    trace: Trace
    status: int = _OK
    identity: Identity | None = None

    @property
    def reason(self) -> str | None:
        """Why the request was rejected."""
        return next((entry.reason for entry in self.trace if entry.reason is not None), None)

    @property
    def is_accepted(self) -> bool:
        """Whether the application was reached, or the guard has responded without an error."""
        return self.identity is not None or self.status < _FIRST_ERROR

    @property
    def text(self) -> str:
        """What became of it, in a sentence, and what to do about it."""
        if self.identity is ANONYMOUS:
            return "accepted: the path is public, and no token is looked at"
        if self.identity is not None:
            return f"accepted: {self.identity.kind} of {self.identity.issuer}"
        if self.is_accepted:
            return f"accepted: the guard responds by itself, with status {self.status}"
        if self.reason is None:
            return "no decision: the deadline has passed at the first step that is not reached"
        known = _MEANINGS.get(self.reason or "")
        advice = "" if known is None else f": {known.meaning}; {known.check}"
        return f"rejected with {self.status}: {self.reason}{advice}"


async def walk(configuration: Configuration, presented: Presented, deadline: float) -> Explained:
    """Return what becomes of *presented* at the guard of *configuration*, which must trace.

    The request takes the path of the application's requests, once: through the middleware with
    its public paths and rules, or with those of the service for proxies. So an opaque token is
    sent to the issuer that introspects it, a proof counts as used where proofs are stored, and
    nothing is sent elsewhere. After *deadline* seconds the path is given up, with status 503.
    """
    guard = GuardMap(configuration.guards).at(unquote(presented.target.partition("?")[0]))
    explained = Explained(Trace(), _NO_RESPONSE)

    async def application(connection: Connection, receive: Receive, send: Send) -> None:
        del receive, send
        rejection = await _at_route(connection, presented.scopes)
        if rejection is None:
            explained.status, explained.identity = _OK, connection[IDENTITY]
        else:
            explained.status = rejection.status

    async def send(message: Mapping[str, Any]) -> None:
        explained.status = message.get("status", explained.status)

    settings = configuration.middleware or configuration.service
    middleware = OAuthGuardMiddleware(application, configuration.guards, **settings)
    try:
        async with asyncio.timeout(deadline):
            await guard.start()
            explained.trace = Trace()  # its time begins here
            connection = {**_connection(presented, guard), TRACE: explained.trace}
            await middleware(connection, _messages(presented.method), send)
    except TimeoutError:
        pass  # the trace ends at the step that did not
    finally:
        await guard.aclose()
    return explained


async def _at_route(connection: Connection, scopes: tuple[str, ...]) -> Rejection | None:
    """Return the rejection by a route that requires *scopes*; None if it accepts the caller."""
    return await check(connection, Requirement.of(*scopes)) if scopes else None


def _messages(method: str) -> Receive:
    """Return what receives the messages of a request without a body, or of a handshake."""
    handshake = {"type": "websocket.connect"}
    request = {"type": "http.request", "body": b"", "more_body": False}

    async def receive() -> dict[str, Any]:
        return handshake if method == _HANDSHAKE else request

    return receive


def _connection(presented: Presented, guard: Guard) -> Connection:
    origin, (path, _, query) = urlsplit(guard.resource), presented.target.partition("?")
    decoded = unquote_to_bytes(path).decode("utf-8", "replace")
    is_handshake = presented.method == _HANDSHAKE
    kind = {"type": "websocket"} if is_handshake else {"type": "http", "method": presented.method}
    return {
        **kind,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": origin.scheme.replace("http", "ws") if is_handshake else origin.scheme,
        "path": decoded,
        "raw_path": quote(path, safe="/%:@!$&'()*+,;=~").encode("ascii"),
        "query_string": query.encode("utf-8"),
        "root_path": "",
        "headers": [(b"host", origin.netloc.encode("idna")), *_fields(presented, guard)],
        "client": (presented.peer, 50_000),
        "server": (origin.hostname, origin.port or 443),
        "extensions": _extensions(presented.certificate),
    }


def _fields(presented: Presented, guard: Guard) -> list[tuple[bytes, bytes]]:
    token_header = guard.bearer_methods.token_header
    scheme = BEARER if presented.proof is None else DPOP
    token = ("authorization", f"{scheme} {presented.token}")
    if token_header is not None:
        token = (token_header.decode("ascii"), presented.token)
    proof = [] if presented.proof is None else [("dpop", presented.proof)]
    fields = [token, *proof, *presented.headers]
    return [(k.lower().encode("latin-1"), v.encode("latin-1", "replace")) for k, v in fields]


def _extensions(certificate: str | None) -> dict[str, Any]:
    tls = {} if certificate is None else {"tls": {"client_cert_chain": [certificate]}}
    return {"websocket.http.response": {}, **tls}
