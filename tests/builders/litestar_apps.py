"""Litestar applications with known protection, for the report of their routes."""

from typing import Any

from litestar import Controller, Litestar, Router, WebSocket, asgi, get, post, route, websocket
from litestar.enums import HttpMethod
from litestar.middleware import DefineMiddleware
from litestar.types import Receive, Scope, Send
from starlette.applications import Starlette
from starlette.routing import Mount

from oauth_guard import Guard, OAuthGuardMiddleware
from oauth_guard.litestar import requires
from tests.acceptance.standards.api import plain


async def page() -> str:
    """Send a text."""
    return "page"


async def feed(socket: WebSocket[Any, Any, Any]) -> None:
    """Accept and close."""
    await socket.accept()
    await socket.close()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Send a text, whatever the path."""
    await plain(scope, receive, send)


class Orders(Controller):
    """A controller with a guard of its own and one of a handler."""

    path = "/orders"
    guards = (requires("orders:read"),)

    @get(["/", "/all"])
    async def listed(self) -> str:
        """Send a text."""
        return "orders"

    @post("/{number:int}", guards=[requires("orders:write", users_only=True)])
    async def change(self) -> str:
        """Send a text."""
        return "changed"


def _handlers() -> list[Any]:
    return [
        get("/")(page),
        get("/health")(page),
        route("/both", http_method=[HttpMethod.GET, HttpMethod.PUT])(page),
        websocket("/feed", guards=[requires("feed")])(feed),
        websocket("/prices")(feed),
        asgi("/one", copy_scope=True)(application),
        asgi("/static", is_mount=True, copy_scope=True)(application),
        Router("/v1", route_handlers=[Orders]),
    ]


def shop(guard: Guard) -> Any:
    """Return an application, guarded as a whole, with mounts and public paths."""
    public = ["/health", "/static/*", "WEBSOCKET /prices"]
    app: Any = Litestar(_handlers(), openapi_config=None)
    return OAuthGuardMiddleware(app, guard, public=public)


def forgetful(guard: Guard) -> Any:
    """Return an application in which guards are in several places, and one route is forgotten."""
    inside = _inside(guard, public=["/in/health"])
    handlers: list[Any] = [
        get("/forgotten")(page),
        get("/one", middleware=[_inside(guard)])(page),
        get("/optional", middleware=[_inside(guard, required=False)])(page),
        get("/needed", middleware=[_inside(guard, required=False)], guards=[requires("read")])(
            page
        ),
        get("/in/a", middleware=[inside])(page),
        get("/in/health", middleware=[inside])(page),
        _mount(guard),
        asgi("/opaque", is_mount=True, copy_scope=True)(application),
        websocket("/socket")(feed),
    ]
    return Litestar(handlers, openapi_config=None)


def _mount(guard: Guard) -> Any:
    around = [_inside(guard)]
    return asgi(
        "/mount", is_mount=True, copy_scope=True, middleware=around, guards=[requires("read")]
    )(application)


def _inside(guard: Guard, **settings: Any) -> DefineMiddleware:
    """Return the middleware of the guard as Litestar's own list of middleware takes it."""
    middleware: Any = OAuthGuardMiddleware
    return DefineMiddleware(middleware, guard=guard, **settings)


def mounted(guard: Guard) -> Starlette:
    """Return an application that mounts the guarded one and the forgetful one."""
    return Starlette(routes=[Mount("/shop", shop(guard)), Mount("/other", forgetful(guard))])
