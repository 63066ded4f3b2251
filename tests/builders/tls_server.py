"""A guarded API behind real TLS, and clients with real certificates."""

import asyncio
import ssl
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from socket import AF_INET, SOCK_STREAM, socket
from threading import Thread
from typing import Any

import httpx
import trustme
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.testing import LocalIssuer

_SECONDS = 20


@dataclass(frozen=True)
class Client:
    """A TLS client with a certificate, or without one.

    Attributes:
        context: The TLS settings.
        cnf: The confirmation of a token that is bound to its certificate.
    """

    context: ssl.SSLContext
    cnf: dict[str, str] | None


class Authority:
    """A certificate authority for one server and its clients."""

    def __init__(self) -> None:
        self.ca = trustme.CA()
        self.server = self.ca.issue_cert("127.0.0.1", "localhost")

    def client(self, name: str | None) -> Client:
        """Return a client with a certificate for *name*; None for a client without one."""
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        if name is None:
            return Client(context, None)
        certificate = self.ca.issue_cert(name)
        certificate.configure_cert(context)
        pem = certificate.cert_chain_pems[0].bytes().decode()
        digest = sha256(ssl.PEM_cert_to_DER_cert(pem)).digest()
        thumbprint = urlsafe_b64encode(digest).rstrip(b"=").decode()
        return Client(context, {"x5t#S256": thumbprint})


def guarded_app(local: LocalIssuer, **guard: Any) -> OAuthGuardMiddleware:
    """Return an API that sends the subject of its caller, over HTTP and WebSocket."""
    issuer = JWTIssuer(local.issuer, keys=local.jwks)
    app = Starlette(routes=[Route("/r", _respond), WebSocketRoute("/ws", _greet)])
    return OAuthGuardMiddleware(app, Guard(local.audience, [issuer], **guard))


def get(port: int, client: Client, token: str) -> httpx.Response:
    """Return the response to a request over TLS."""
    headers = {"Authorization": f"Bearer {token}"}
    url = f"https://127.0.0.1:{port}/r"
    return httpx.get(url, headers=headers, verify=client.context, trust_env=False)


def greeting(port: int, client: Client, token: str) -> str | int:
    """Return what a WebSocket over TLS receives, or the status that denies its handshake."""
    return asyncio.run(_greeting(port, client, token))


async def _greeting(port: int, client: Client, token: str) -> str | int:
    # With TLS the client for threads can wait for ever when a handshake is denied.
    headers = {"Authorization": f"Bearer {token}"}
    url = f"wss://127.0.0.1:{port}/ws"
    opening = connect(url, additional_headers=headers, ssl=client.context, proxy=None)
    try:
        async with opening as websocket:
            return str(await websocket.recv())
    except InvalidStatus as error:
        return error.response.status_code


@contextmanager
def serving(configure: Callable[[int], uvicorn.Config]) -> Iterator[int]:
    """Serve with the uvicorn configuration for a free port; yield the port."""
    with closing(socket(AF_INET, SOCK_STREAM)) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port: int = listening.getsockname()[1]
        server = uvicorn.Server(configure(port))
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield port
        finally:
            server.should_exit = True
            thread.join(_SECONDS)
        assert not thread.is_alive(), "the server did not stop"


async def _respond(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.user.subject)


async def _greet(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(websocket.user.subject)
    await websocket.close()
