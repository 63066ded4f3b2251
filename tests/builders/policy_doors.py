"""DOORS: every way into an application that can require a policy, each as a request."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import httpx
from fastapi import FastAPI
from litestar import Litestar
from litestar import get as litestar_get
from litestar.params import FromPath
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from oauth_guard import Guard, Identity, JWTIssuer, OAuthGuardMiddleware, Requirement, Rules
from oauth_guard import fastapi as for_fastapi
from oauth_guard import litestar as for_litestar
from oauth_guard import starlette as for_starlette
from oauth_guard.asgi import Application, Connection, Receive, Send, send_rejection, send_response
from oauth_guard.forward_auth import ForwardAuth
from oauth_guard.issuers.policy_decision_point import PolicyDecisionPoint
from oauth_guard.route_check import check
from oauth_guard.testing import LocalIssuer
from tests.unit.django_site import django_app

__all__ = ["DOORS", "LOCAL", "REQUIREMENT", "RESOURCE", "Door", "guard_of"]

RESOURCE = "https://api.test"
REQUIREMENT = Requirement.of("read", policy="order")
LOCAL = LocalIssuer(audience=RESOURCE)
_SECRET = ("X-Proxy-Secret", "a-secret-of-16-characters-or-more")


@dataclass(frozen=True)
class Door:
    """One way into an application, for a GET.

    Attributes:
        build: Returns the application behind a guard.
        path: The path to request.
        resource: What a policy decision point learns about the resource, without the API.
        headers: Further header fields.
    """

    build: Callable[[Guard], Application]
    path: str
    resource: Mapping[str, Any]
    headers: Mapping[str, str]

    async def send(self, guard: Guard, token: str | None = None) -> httpx.Response:
        """Send the request, with a token that has the scope, or with *token*."""
        if token is None:
            token = LOCAL.token("read", exp=4_102_444_800)
        fields = {**self.headers, "Authorization": f"Bearer {token}"} if token else self.headers
        transport = httpx.ASGITransport(self.build(guard))
        async with httpx.AsyncClient(transport=transport, base_url=RESOURCE) as client:
            return await client.get(self.path, headers=fields)


def guard_of(url: str | None, **settings: Any) -> Guard:
    """Return a guard whose policy decision point is at *url*; without one if it is None."""
    point = None if url is None else PolicyDecisionPoint(url, **settings)
    issuer = JWTIssuer(LOCAL.issuer, keys=LOCAL.jwks)
    return Guard(RESOURCE, [issuer], policy_decision_point=point)


def _door(build: Callable[[Guard], Application], path: str, **found: Any) -> Door:
    return Door(build, path, {"id": path, **found}, {})


async def _plain(connection: Connection, receive: Receive, send: Send) -> None:
    del receive
    await send_response(send, connection["method"], 200, ())


async def _checked(connection: Connection, receive: Receive, send: Send) -> None:
    """Serve a request that satisfies the requirement: an application without a framework."""
    if (rejection := await check(connection, REQUIREMENT)) is not None:
        await send_rejection(rejection, connection, send)
    else:
        await _plain(connection, receive, send)


@for_starlette.requires("read", policy="order")
async def _asynchronous(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.user.subject)


@for_starlette.requires("read", policy="order")
def _in_thread(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.user.subject)


@for_starlette.requires("read", policy="order", introspect=False)
async def _mounted(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.user.subject)


def _starlette(guard: Guard) -> Application:
    routes = [
        Route("/orders/{id:int}", _asynchronous),
        Route("/thread/{id}", _in_thread),
        Mount("/shop", routes=[Route("/orders/{id}", _mounted)]),
    ]
    return OAuthGuardMiddleware(Starlette(routes=routes), guard)


def _fastapi(guard: Guard) -> Application:
    app = FastAPI()

    @app.get("/orders/{number}")
    async def order(
        number: int, caller: Annotated[Identity, for_fastapi.requires("read", policy="order")]
    ) -> list[Any]:
        return [number, caller.subject]

    return OAuthGuardMiddleware(app, guard)


@litestar_get("/orders/{number:int}", guards=[for_litestar.requires("read", policy="order")])
async def _litestar_order(number: FromPath[int]) -> int:
    return number


def _litestar(guard: Guard) -> Application:
    app: Any = Litestar([_litestar_order], logging_config=None)
    return OAuthGuardMiddleware(app, guard)


def _forward_auth(guard: Guard) -> Application:
    return ForwardAuth(
        guard, Rules([("GET /orders/*", REQUIREMENT)]), proxy="nginx", secret=_SECRET
    )


DOORS: Mapping[str, Door] = {
    "middleware": _door(
        lambda guard: OAuthGuardMiddleware(_plain, guard, requires=REQUIREMENT), "/orders/42"
    ),
    "rules": _door(
        lambda guard: OAuthGuardMiddleware(
            _plain, guard, rules=Rules([("GET /orders/*", REQUIREMENT)])
        ),
        "/orders/42",
    ),
    "check": _door(lambda guard: OAuthGuardMiddleware(_checked, guard), "/orders/42"),
    "starlette": _door(_starlette, "/orders/42", params={"id": "42"}),
    "starlette, in a thread": _door(_starlette, "/thread/42", params={"id": "42"}),
    "starlette, in a mount": _door(_starlette, "/shop/orders/42", params={"id": "42"}),
    "fastapi": _door(_fastapi, "/orders/42", params={"number": "42"}, route="/orders/{number}"),
    "litestar": _door(_litestar, "/orders/42", params={"number": "42"}, route="/orders/{number}"),
    "django": _door(
        django_app, "/decided/42", params={"number": "42"}, route="decided/<int:number>"
    ),
    "django, in a thread": _door(
        django_app,
        "/decided/thread/42",
        params={"number": "42"},
        route="decided/thread/<int:number>",
    ),
    "django rest framework": _door(
        django_app, "/decided/rest/42", params={"number": "42"}, route="decided/rest/<int:number>"
    ),
    "forward-auth": Door(
        _forward_auth,
        "/check",
        {"id": "/orders/42"},
        dict([_SECRET, ("X-Original-Method", "GET"), ("X-Original-URI", "/orders/42")]),
    ),
}
"""The doors by their names; those of MCP and of open WebSockets are tested by themselves."""
