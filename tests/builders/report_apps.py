"""Applications with known protection, for the report of their routes."""

from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router, WebSocketRoute
from starlette.websockets import WebSocket

from oauth_guard import Guard, OAuthGuardMiddleware, Rules
from oauth_guard.fastapi import requires as fastapi_requires
from oauth_guard.starlette import requires
from tests.acceptance.standards.api import Api, plain


async def page(_: Request) -> PlainTextResponse:
    """Send a text."""
    return PlainTextResponse("page")


async def feed(websocket: WebSocket) -> None:
    """Accept and close."""
    await websocket.accept()
    await websocket.close()


class Orders(HTTPEndpoint):
    """An endpoint with one decorated method."""

    @requires("orders:write")
    async def post(self, _request: Request) -> PlainTextResponse:
        """Send a text."""
        return PlainTextResponse("created")

    async def get(self, _request: Request) -> PlainTextResponse:
        """Send a text."""
        return PlainTextResponse("orders")


class Feed(WebSocketEndpoint):
    """A WebSocket as a class."""


def shop(guard: Guard) -> Starlette:
    """Return an application, guarded as a whole, with mounts and public paths."""
    api = FastAPI(openapi_url=None)
    router = APIRouter(prefix="/items", dependencies=[fastapi_requires("items:read")])

    @router.get("/{number}")
    def item(number: int) -> int:
        return number

    api.include_router(router, prefix="/v1")

    @api.websocket("/events")
    async def events(websocket: WebSocket) -> None:
        await feed(websocket)

    routes = [
        Route("/", page),
        Route("/health", page),
        Route("/admin", requires("admin", roles=["boss"], users_only=True)(page)),
        Route("/orders", Orders),
        WebSocketRoute("/feed", feed),
        WebSocketRoute("/prices", Feed),
        Mount("/api", api),
        Mount("/static", plain),
        Mount("/files/{area}", routes=[Route("/{name:path}", page)]),
    ]
    app = Starlette(routes=routes)
    public = ["/health", "/static/*", "WEBSOCKET /prices"]
    app.add_middleware(OAuthGuardMiddleware, guard=guard, public=public)
    return app


def forgetful(guard: Guard) -> Starlette:
    """Return an application whose guard is around some routes only."""
    around = Middleware(OAuthGuardMiddleware, guard=guard)
    below = [Route("/two", page), Route("/in", page), Mount("/deep", routes=[Route("/a", page)])]
    optional = Middleware(OAuthGuardMiddleware, guard=guard, required=False)
    return Starlette(
        routes=[
            Route("/forgotten", page),
            Route("/one", page, middleware=[around]),
            Mount("/inner", OAuthGuardMiddleware(Router(below), guard, public=["/in", "/deep/*"])),
            Mount("/three", routes=[Route("/", page)], middleware=[around]),
            Mount("/optional", routes=[Route("/any", page)], middleware=[optional]),
            Host("other.example.com", Router([Route("/host", page)], middleware=[around])),
            Mount("/opaque", plain),
            WebSocketRoute("/socket", feed),
        ]
    )


def by_rules(guard: Guard) -> Any:
    """Return an application whose paths have rules."""
    rules = Rules([("/orders", "orders:read"), ("/orders/*", None)])
    routes = [Route("/orders", page), Route("/orders/{id}", page), Route("/other", page)]
    return OAuthGuardMiddleware(Router(routes), guard, rules=rules)


def guard() -> Guard:
    """Return a guard whose issuer is in the process."""
    return Api().guard
