"""WebSockets of a page in Chromium: the token in a subprotocol, and how they end."""

import asyncio
import base64
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Page, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.deny_list import DenyList
from oauth_guard.testing import LocalIssuer
from tests.needs import PROGRAMS

pytestmark = pytest.mark.needs("chromium")

LOCAL = LocalIssuer()
OPEN = """
([url, offered]) => new Promise((resolve) => {
    window.socket = new WebSocket(url, offered);
    socket.onmessage = (event) => resolve([socket.protocol, event.data]);
    socket.onclose = (event) => { window.code = event.code; resolve(["closed", ""]); };
})
"""


async def _greet(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(str(websocket.user.subject))
    async for _ in websocket.iter_text():
        pass


def _application() -> OAuthGuardMiddleware:
    issuer = JWTIssuer(LOCAL.issuer, keys=LOCAL.jwks, leeway=0)
    methods = ["header", "websocket-protocol"]
    guard = Guard(LOCAL.audience, [issuer], bearer_methods=methods, deny_list=DenyList())

    async def revoke(request: Request) -> Response:
        await guard.revoke(LOCAL.issuer, sid=request.query_params["sid"])
        return Response(status_code=204)

    routes = [
        Route("/page", lambda _: HTMLResponse("<title>page</title>")),
        Route("/revoke", revoke, methods=["POST"]),
        WebSocketRoute("/ws", _greet),
    ]
    public = ["/page", "POST /revoke"]
    return OAuthGuardMiddleware(Starlette(routes=routes), guard, public=public)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve a guarded application in a thread, and yield host and port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(_application(), log_level="critical"))
        thread = threading.Thread(target=asyncio.run, args=[server.serve([listener])])
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = server.force_exit = True
        thread.join(10)


@pytest.fixture
def page(address: str) -> Iterator[Page]:
    """Open a page of the application."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=PROGRAMS["chromium"].find(), chromium_sandbox=False
        )
        page = browser.new_page()
        page.goto(f"http://{address}/page")
        yield page
        browser.close()


def _encoded(token: str) -> list[str]:
    text = base64.urlsafe_b64encode(token.encode()).rstrip(b"=").decode()
    return ["base64url.bearer", f"base64url.bearer.{text}"]


def test_page_authenticates_by_a_subprotocol_and_sees_why_its_socket_ends(
    page: Page, address: str
) -> None:
    """Chromium closes a socket if none of the subprotocols that it offers is selected."""

    def connect(*offered: str) -> Any:
        return page.evaluate(OPEN, [f"ws://{address}/ws", offered])

    def code() -> Any:
        return page.wait_for_function("window.code", timeout=10_000).json_value()

    assert connect("bearer", LOCAL.token(sid="s1")) == ["bearer", "u1"]
    page.request.post(f"http://{address}/revoke?sid=s1")
    assert code() == 3003
    page.evaluate("delete window.code")
    assert connect(*_encoded(LOCAL.token(sid="s1"))) == ["closed", ""]
    page.evaluate("delete window.code")
    short = LOCAL.token(sid="s2", exp=int(LOCAL.clock()) + 3)
    assert connect(*_encoded(short), "chat") == ["base64url.bearer", "u1"]
    assert code() == 3000
