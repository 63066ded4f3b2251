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
from tests.acceptance.standards.recorded_response import (
    SEEN,
    Application,
    Headers,
    RecordedResponse,
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
    """The fixtures of section 2; keyword arguments change them.

    Args:
        app: An application to use instead of the routes.
        routes: Routes to add before those of the matrix.
        issuer: Options of `JWTIssuer`, which override those of the matrix.
        guard: Options of `Guard`, likewise, `resource` and `issuers` included.
        middleware: Options of `OAuthGuardMiddleware`, likewise, `guard` included.

    Attributes:
        now: The time of every clock; tests assign it.
        authority: The authorization server; tests assign `authority.outage` and so on.
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
        inner = recording_identity(app) if app else Starlette(routes=[*routes, *ROUTES])
        self.application = OAuthGuardMiddleware(inner, **around)

    def jwt_issuer(self, **options: Any) -> JWTIssuer:
        """Return an issuer for the authorization server, with the settings of the matrix."""
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
        """Return `T` with changes to its claims or header; a claim of `None` is removed."""
        claims = self.authority.claims(**{"scope": "read", "jti": "j1"} | changes)
        members = {"typ": "at+jwt", **(header or {})}
        return (key or self.authority.keys[0]).sign(json.dumps(claims).encode(), members)

    async def get(
        self, target: str = "/r", token: str | None = None, **changes: Any
    ) -> RecordedResponse:
        """Send `GET`, with *token* as Bearer if there is one."""
        return await self.send("GET", target, bearer(token) if token else (), **changes)

    async def post(
        self, target: str = "/w", token: str | None = None, **changes: Any
    ) -> RecordedResponse:
        """Send `POST`, with *token* as Bearer if there is one."""
        return await self.send("POST", target, bearer(token) if token else (), **changes)

    async def send(
        self,
        method: str,
        target: str,
        headers: Headers = (),
        *,
        chunks: Sequence[bytes] = (),
        **changes: Any,
    ) -> RecordedResponse:
        """Send any request; *changes* override members of its connection."""
        return await run(self.application, http(method, target, headers, **changes), body(*chunks))

    async def connect(
        self, target: str = "/ws", headers: Headers = (), *, denial: bool = True, **changes: Any
    ) -> RecordedResponse:
        """Open a WebSocket and leave immediately."""
        connection = websocket(target, headers, denial=denial, **changes)
        return await run(self.application, connection, visit())

    def _clock(self) -> float:
        return self.now


def bearer(token: str) -> Headers:
    """Return the `Authorization` field that carries *token*."""
    return ((b"authorization", f"Bearer {token}".encode("latin-1")),)


@cache
def signing_keys() -> tuple[SigningKey, SigningKey]:
    """Return `k1` and `k2`, generated once because RSA keys are slow to generate."""
    return SigningKey("k1", "ES256"), SigningKey("k2", "RS256")


def record_identity(connection: HTTPConnection) -> Identity:
    """Record the identity of the caller for the test, and return it."""
    identity = connection.user
    assert isinstance(identity, Identity)
    connection.scope[SEEN].append(identity)
    return identity


async def handler(request: Request) -> JSONResponse:
    """Respond with the subject of the caller; also for routes that a test adds."""
    return JSONResponse({"subject": record_identity(request).subject})


async def socket(websocket: WebSocket) -> None:
    """Accept, send a greeting, and close."""
    record_identity(websocket)
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
    """Send the same response to every request, and accept every WebSocket; uses no framework."""
    if connection["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"content"})
    elif connection["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})


def recording_identity(app: Application) -> Application:
    """Return *app*, wrapped so that it records the identity of the caller for the test."""

    async def wrapped(connection: Any, receive: Any, send: Any) -> None:
        if connection["type"] != "lifespan":
            connection[SEEN].append(connection["user"])
        await app(connection, receive, send)

    return wrapped
