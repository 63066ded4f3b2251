"""The whole request path, with arbitrary bytes from the caller or from the issuer."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from oauth_guard import Guard, Identity, JWTIssuer, OAuthGuardMiddleware, current_identity
from oauth_guard.asgi import Connection, Message, Receive, Send
from tests.unit.jose.forging import CLAIMS, forge, key_for

ISSUER, RESOURCE = str(CLAIMS["iss"]), str(CLAIMS["aud"])
NOW = 1_700_000_100  # within the lifetime of CLAIMS
TOKEN = forge().encode()
JWKS = {"keys": [key_for("ES256").jwk]}
BEARER = (b"authorization", b"Bearer " + TOKEN)

_ERROR_STATUSES = {400, 401, 413, 503}


@dataclass
class Request:
    """The parts of a request that a caller controls."""

    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    query: bytes = b""
    body: bytes = b""

    @property
    def connection(self) -> Connection:
        """The ASGI connection of the request."""
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
        """Return the body in one message."""
        return {"type": "http.request", "body": self.body}


def status_with_fixed_keys(request: Request) -> int:
    """Return the status of a guard with static keys and all three bearer methods."""
    return _status(request, keys=JWKS)


def status_with_issuer(responses: Mapping[str, bytes], **settings: Any) -> int:
    """Return the status for a valid token, with a guard whose issuer sends these *responses*.

    The keys are paths; `*` is the response for every other path.
    """

    def respond(request: httpx.Request) -> httpx.Response:
        body = responses.get(request.url.path, responses["*"])
        return httpx.Response(200, headers={"content-type": "application/json"}, content=body)

    http = httpx.AsyncClient(transport=httpx.MockTransport(respond))
    return _status(Request([BEARER]), http=http, **settings)


def _status(request: Request, **settings: Any) -> int:
    issuer = JWTIssuer(ISSUER, **settings)
    methods = ["header", "body", "query"]
    guard = Guard(RESOURCE, [issuer], bearer_methods=methods, clock=lambda: NOW)
    return asyncio.run(_serve(guard, request))


async def _serve(guard: Guard, request: Request) -> int:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async with guard:
        app = OAuthGuardMiddleware(_application, guard)
        await app(request.connection, request.receive, send)
    start, body = sent
    assert start["type"] == "http.response.start"
    assert body["type"] == "http.response.body"
    assert start["status"] == 200 or start["status"] in _ERROR_STATUSES
    assert not [value for _, value in start["headers"] if b"\r" in value or b"\n" in value]
    status: int = start["status"]
    return status


async def _application(connection: Connection, receive: Receive, send: Send) -> None:
    """Check the identity, read the body, and respond with 200."""
    identity = connection["user"]
    assert isinstance(identity, Identity)
    assert identity.is_authenticated
    assert current_identity() is identity
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})
