"""A page of another origin can't use the cookie that carries the token, in a real browser."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.asgi import Application, Connection, Receive, Send
from oauth_guard.testing import LocalIssuer
from tests.acceptance.demo.running import running
from tests.needs import PROGRAMS

pytestmark = pytest.mark.needs("chromium")

_OPTIONS = ["--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
_PAGE = "<!DOCTYPE html><title>Shop</title><link rel=icon href=data:,>"


@dataclass
class Shop:
    """A guarded site whose login page sets the cookie, and what requests did there."""

    changed: list[str] = field(default_factory=list)
    with_cookie: list[str] = field(default_factory=list)

    def app(self, origin: str) -> Application:
        """Return the site at *origin*."""
        local = LocalIssuer(audience=origin)
        guard = Guard(
            origin,
            [JWTIssuer(local.issuer, http=local.http)],
            bearer_methods=["header", "cookie"],
            login_redirect="/login?next={target}",
        )
        routes = [
            Route("/", self._home),
            Route("/change", self._change, methods=["POST"]),
            Route("/login", lambda _: self._login(local.token())),
            WebSocketRoute("/ws", self._greet),
        ]
        site = OAuthGuardMiddleware(Starlette(routes=routes), guard, public=["/login"])

        async def recording(connection: Connection, receive: Receive, send: Send) -> None:
            if b"__Host-access_token" in dict(connection.get("headers", ())).get(b"cookie", b""):
                self.with_cookie.append(connection.get("method", "WEBSOCKET"))
            await site(connection, receive, send)

        return recording

    async def _home(self, request: Request) -> Response:
        return HTMLResponse(f"{_PAGE}<p>Hello {request.user.subject}</p>")

    async def _change(self, request: Request) -> Response:
        self.changed.append(request.method)
        return PlainTextResponse("changed")

    async def _greet(self, websocket: WebSocket) -> None:
        self.changed.append("WEBSOCKET")
        await websocket.accept()
        await websocket.send_text("hello")
        await websocket.close()

    @staticmethod
    def _login(token: str) -> Response:
        response = HTMLResponse(f"{_PAGE}<p>Signed in</p>")
        response.set_cookie(
            "__Host-access_token", token, secure=True, httponly=True, samesite="strict"
        )
        return response


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Yield the system's Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=PROGRAMS["chromium"].find(), args=_OPTIONS, chromium_sandbox=False
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Yield a page with an empty profile."""
    context = chromium.new_context()
    yield context.new_page()
    context.close()


_POST = "(url) => fetch(url, {method: 'POST', credentials: 'include', mode: 'no-cors'})"
_PICTURE = "(url) => { new Image().src = url }"
_FORM = "(url) => { document.forms[0].action = url; document.forms[0].submit() }"
_SOCKET = """(url) => new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.onmessage = (event) => resolve(event.data);
    socket.onerror = () => resolve('rejected');
})"""


def test_pages_of_the_site_itself_use_the_cookie(page: Page) -> None:
    """After the redirect to the login page: a page, a form that scripts send, a WebSocket."""
    shop = Shop()
    with running(shop.app) as origin:
        page.goto(f"{origin}/")
        expect(page.get_by_text("Signed in")).to_be_visible()
        page.goto(f"{origin}/")
        expect(page.get_by_text("Hello u1")).to_be_visible()
        page.evaluate(_POST, f"{origin}/change")
        assert page.evaluate(_SOCKET, f"ws{origin.removeprefix('http')}/ws") == "hello"
    assert shop.changed == ["POST", "WEBSOCKET"]


def test_page_of_another_origin_changes_nothing_and_opens_no_socket(page: Page) -> None:
    """Though the browser sends the cookie: another port is another origin of the same site."""
    shop = Shop()
    with running(shop.app) as origin, running(_elsewhere) as other:
        page.goto(f"{origin}/login")
        page.goto(other)
        page.evaluate(_POST, f"{origin}/change")
        assert page.evaluate(_SOCKET, f"ws{origin.removeprefix('http')}/ws") == "rejected"
        for target, script in ((f"{origin}/", _PICTURE), (f"{origin}/change", _FORM)):
            with page.expect_response(target) as response:
                page.evaluate(script, target)
            assert response.value.status == 403
    assert shop.changed == []
    assert shop.with_cookie == ["POST", "WEBSOCKET", "GET", "POST"]


def _elsewhere(_: str) -> Application:
    async def page(_: Request) -> Response:
        return HTMLResponse(f"{_PAGE}<form method=post></form>")

    return Starlette(routes=[Route("/", page)])
