"""OAuthGuardMiddleware behind a real server, with real HTTP and WebSocket clients."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import closing

import httpx
import pytest
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

RESOURCE = "http://127.0.0.1"
PREFLIGHT = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "GET"}


async def _secret(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"secret of {request.user.display_name}")


async def _greet(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(websocket.user.subject)
    await websocket.close()


@pytest.fixture
def issuer() -> LocalIssuer:
    """Return an issuer of tokens for the application that is served."""
    return LocalIssuer(audience=RESOURCE)


@pytest.fixture
async def address(issuer: LocalIssuer) -> AsyncIterator[str]:
    """Serve a guarded application on a free port, and yield host and port."""
    guard = Guard(RESOURCE, [JWTIssuer(issuer.issuer, http=issuer.http)])
    routes = [
        Route("/r", _secret, methods=["GET", "OPTIONS"]),
        Route("/health", _secret, methods=["GET", "OPTIONS", "WEBSOCKET"]),
        WebSocketRoute("/ws", _greet),
    ]
    app = OAuthGuardMiddleware(
        Starlette(routes=routes), guard, public=["/health", "WEBSOCKET /health"]
    )
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        serving = asyncio.create_task(server.serve([listener]))
        async with asyncio.timeout(10):
            while not server.started:  # noqa: ASYNC110 - a server has no event for it
                await asyncio.sleep(0.01)
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await asyncio.wait_for(serving, 10)


async def test_one_http_connection_serves_requests_of_every_kind(
    issuer: LocalIssuer, address: str
) -> None:
    """Rejections, HEAD, preflights and the resource in turn."""
    async with httpx.AsyncClient(base_url=f"http://{address}") as client:
        rejected = await client.get("/r", headers={"Authorization": "Bearer x"})
        assert rejected.status_code == 401
        assert rejected.json()["error"] == "invalid_token"
        head = await client.head("/r", headers={"Authorization": "Bearer x"})
        assert head.status_code == 401
        assert head.headers["www-authenticate"] == rejected.headers["www-authenticate"]
        assert head.headers["content-length"] == rejected.headers["content-length"]
        assert head.content == b""
        preflight = await client.options("/r", headers=PREFLIGHT)
        assert preflight.status_code == 200
        assert preflight.content == b""
        served = await client.get("/r", headers=issuer.headers())
        assert served.text == "secret of u1"


async def test_handshake_with_a_token_is_accepted_and_without_one_denied(
    issuer: LocalIssuer, address: str
) -> None:
    """The denial has the response of an HTTP request."""
    async with connect(f"ws://{address}/ws", additional_headers=issuer.headers()) as opened:
        assert await opened.recv() == "u1"
    with pytest.raises(InvalidStatus) as denied:
        await connect(f"ws://{address}/ws", additional_headers={"Authorization": "Bearer x"})
    assert denied.value.response.status_code == 401
    assert 'error="invalid_token"' in denied.value.response.headers["www-authenticate"]
    assert b'"error": "invalid_token"' in (denied.value.response.body or b"")


@pytest.mark.parametrize(
    "line",
    [
        "WEBSOCKET /health",
        "get /health",
        "GET health",
        "GET //health",
        "GET /x/../health",
        "GET /%2e%2e/health",
        "GET /hea\\lth",
        "GET http://127.0.0.1/health",
        "OPTIONS *",
        "OPTIONS /health",
    ],
)
async def test_no_request_line_passes_without_a_token(address: str, line: str) -> None:
    """However similar to a public path, the response is a challenge, and never a 500."""
    reader, writer = await asyncio.open_connection(*address.split(":"))
    writer.write(f"{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode())
    response = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    assert response.startswith(b"HTTP/1.1 401 ")
    assert b"secret" not in response
