"""The API of section 2 of the conformance matrix: its issuer, its guard, its routes, its tokens."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from oauth_guard import Guard, Identity, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.starlette import requires
from oauth_guard.testing import LocalIssuer, SigningKey
from tests.acceptance.standards.answer import (
    SEEN,
    Answer,
    Application,
    Headers,
    body,
    http,
    run,
    visit,
    websocket,
)

ISSUER = "https://as.example.com"
RESOURCE = "https://api.example.com"
NOW = 1_800_000_000


class Api:
    """The fixtures of section 2, each open to change by keyword.

    Args:
        app: An application instead of the routes.
        routes: Routes beside those of the matrix; they come first.
        issuer: Options of `JWTIssuer`, beside or instead of those of the matrix.
        guard: Options of `Guard`, likewise; also `resource` and `issuers`.
        middleware: Options of `OAuthGuardMiddleware`; also `guard`.

    Attributes:
        now: The time, for every clock; open to change.
        authority: The authorization server; `authority.outage` and so on are open to change.
        guard: The guard.
        application: The guarded application.
    """

    def __init__(
        self,
        *,
        app: Application | None = None,
        routes: Sequence[BaseRoute] = (),
        issuer: Mapping[str, Any] | None = None,
        guard: Mapping[str, Any] | None = None,
        middleware: Mapping[str, Any] | None = None,
    ) -> None:
        self.now: float = NOW
        k1, k2 = signing_keys()
        self.authority = LocalIssuer(ISSUER, audience=RESOURCE, key=k1, clock=self._clock)
        self.authority.keys.append(k2)
        options: dict[str, Any] = {
            "resource": RESOURCE,
            "issuers": [self.jwt_issuer(**(issuer or {}))],
            "realm": "api",
            "clock": self._clock,
        }
        self.guard = Guard(**options | dict(guard or {}))
        around: dict[str, Any] = {"guard": self.guard, **(middleware or {})}
        inner = seeing(app) if app else Starlette(routes=[*routes, *ROUTES])
        self.application = OAuthGuardMiddleware(inner, **around)

    def jwt_issuer(self, **options: Any) -> JWTIssuer:
        """Return what trusts the authorization server, as the matrix sets it up."""
        settings: dict[str, Any] = {
            "algorithms": ["ES256", "RS256"],
            "leeway": 0,
            "http": self.authority.http,
            "clock": self._clock,
        }
        return JWTIssuer(ISSUER, **settings | options)

    def token(
        self,
        *,
        key: SigningKey | None = None,
        header: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        """Return `T` with changes to its claims or header; a claim of `None` is left out."""
        claims = self.authority.claims(**{"scope": "read", "jti": "j1"} | changes)
        members = {"typ": "at+jwt", **(header or {})}
        return (key or self.authority.keys[0]).sign(json.dumps(claims).encode(), members)

    async def get(self, target: str = "/r", token: str | None = None, **changes: Any) -> Answer:
        """Send `GET` with *token* as Bearer, if there is one."""
        return await self.send("GET", target, bearer(token) if token else (), **changes)

    async def post(self, target: str = "/w", token: str | None = None, **changes: Any) -> Answer:
        """Send `POST` likewise."""
        return await self.send("POST", target, bearer(token) if token else (), **changes)

    async def send(
        self,
        method: str,
        target: str,
        headers: Headers = (),
        *,
        chunks: Sequence[bytes] = (),
        **changes: Any,
    ) -> Answer:
        """Send any request; *changes* go to the members of its connection."""
        return await run(self.application, http(method, target, headers, **changes), body(*chunks))

    async def connect(
        self, target: str = "/ws", headers: Headers = (), *, denial: bool = True, **changes: Any
    ) -> Answer:
        """Open a WebSocket and leave at once."""
        connection = websocket(target, headers, denial=denial, **changes)
        return await run(self.application, connection, visit())

    def _clock(self) -> float:
        return self.now


def bearer(token: str) -> Headers:
    """Return the header field that presents *token*."""
    return ((b"authorization", f"Bearer {token}".encode("latin-1")),)


@cache
def signing_keys() -> tuple[SigningKey, SigningKey]:
    """Return `k1` and `k2`, made once since RSA keys take a while."""
    return SigningKey("k1", "ES256"), SigningKey("k2", "RS256")


def see(connection: HTTPConnection) -> Identity:
    """Leave the caller where the test looks for it."""
    identity = connection.user
    assert isinstance(identity, Identity)
    connection.scope[SEEN].append(identity)
    return identity


async def handler(request: Request) -> JSONResponse:
    """Answer with the caller's subject; for routes of a row's own."""
    return JSONResponse({"subject": see(request).subject})


async def socket(websocket: WebSocket) -> None:
    """Accept, greet, and close."""
    see(websocket)
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


ROUTES = (
    Route("/r", handler),
    Route("/w", requires("write")(handler), methods=["POST"]),
    Route("/admin", requires("read", "admin")(handler)),
    WebSocketRoute("/ws", socket),
)


async def plain(connection: Any, receive: Any, send: Any) -> None:
    """Answer every request alike, and accept every WebSocket: an application of no framework."""
    if connection["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"content"})
    elif connection["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})


def seeing(app: Application) -> Application:
    """Let *app* leave the caller where the test looks for it."""

    async def wrapped(connection: Any, receive: Any, send: Any) -> None:
        if connection["type"] != "lifespan":
            connection[SEEN].append(connection["user"])
        await app(connection, receive, send)

    return wrapped
