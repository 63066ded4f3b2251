"""The whole path, from the middleware to the keys, with any bytes on either side of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from oauth_guard import Guard, Identity, JWTIssuer, OAuthGuardMiddleware, current_identity
from oauth_guard.asgi import Connection, Message, Receive, Send
from tests.unit.jose.forging import CLAIMS, forge, key_for

ISSUER, RESOURCE = str(CLAIMS["iss"]), str(CLAIMS["aud"])
NOW = 1_700_000_100  # while these claims hold
TOKEN = forge().encode()
JWKS = {"keys": [key_for("ES256").jwk]}
BEARER = (b"authorization", b"Bearer " + TOKEN)

_REFUSALS = {400, 401, 413, 503}


@dataclass
class Request:
    """What a caller sends, byte by byte."""

    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    query: bytes = b""
    body: bytes = b""

    @property
    def connection(self) -> Connection:
        """The request as a server tells it."""
        return {
            "type": "http",
            "method": "POST",
            "scheme": "https",
            "path": "/",
            "raw_path": b"/",
            "query_string": self.query,
            "headers": self.headers,
        }

    async def receive(self) -> Message:
        """Tell the body, in one part."""
        return {"type": "http.request", "body": self.body}


def status_with_fixed_keys(request: Request) -> int:
    """Return the answer of a guard that has its keys, and takes tokens from everywhere."""
    return _status(request, keys=JWKS)


def status_with_issuer(answers: Mapping[str, bytes], **settings: Any) -> int:
    """Return the answer to a good token of a guard whose issuer has these *answers*."""

    def answer(request: httpx.Request) -> httpx.Response:
        body = answers.get(request.url.path, answers["*"])
        return httpx.Response(200, headers={"content-type": "application/json"}, content=body)

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return _status(Request([BEARER]), http=http, **settings)


def _status(request: Request, **settings: Any) -> int:
    issuer = JWTIssuer(ISSUER, **settings)
    methods = ["header", "body", "query"]
    guard = Guard(RESOURCE, [issuer], bearer_methods=methods, clock=lambda: NOW)
    return asyncio.run(_serve(guard, request))


async def _serve(guard: Guard, request: Request) -> int:
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    async with guard:
        app = OAuthGuardMiddleware(_application, guard)
        await app(request.connection, request.receive, send)
    start, body = said
    assert start["type"] == "http.response.start"
    assert body["type"] == "http.response.body"
    assert start["status"] == 200 or start["status"] in _REFUSALS
    assert not [value for _, value in start["headers"] if b"\r" in value or b"\n" in value]
    status: int = start["status"]
    return status


async def _application(connection: Connection, receive: Receive, send: Send) -> None:
    """Answer 200 to whoever has an identity, after reading the body to its end."""
    identity = connection["user"]
    assert isinstance(identity, Identity)
    assert identity.is_authenticated
    assert current_identity() is identity
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})
