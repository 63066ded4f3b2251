"""OAuthGuardMiddleware: no path is read in a way that another program may not share."""

import asyncio
import posixpath
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from oauth_guard import Guard, OAuthGuardMiddleware
from oauth_guard.protocol.paths import route_path
from tests.acceptance.standards.api import Api, bearer, record_identity
from tests.acceptance.standards.recorded_response import (
    Application,
    Message,
    Receive,
    RecordedResponse,
    Send,
    http,
    run,
)

STARTS = ["/health", "/static", "/static/x", "/a", "/a/b", "a", "health"]
PARTS = [
    *("/..", "/%2e%2e", "/.%2E", "/.", "/", "//", "\\..", "%5c..", "%2f..", "/%252e%252e", "%00"),
    *("/a", "/b", "/health", "/static", "/%61", "/HEALTH", "x", ";", "*", "%20", "é", "?"),
]
TARGETS = st.builds(
    str.__add__, st.sampled_from(STARTS), st.lists(st.sampled_from(PARTS), max_size=4).map("".join)
)
ROOT_PATHS = st.sampled_from(["", "", "/", "/a", "/static", "/a/"])
METHODS = st.sampled_from(["GET", "GET", "POST", "WEBSOCKET"])


def _endpoint(name: str) -> Any:
    async def endpoint(request: Request) -> PlainTextResponse:
        record_identity(request)
        return PlainTextResponse(name)

    return endpoint


def _mount(path: str, name: str) -> Mount:
    return Mount(path, routes=[Route("/{rest:path}", _endpoint(name), methods=ALL)])


def _tidying(app: Application) -> Application:
    """Let *app* read paths as a file system does: another reader than Starlette's router."""

    async def tidying(connection: Message, receive: Receive, send: Send) -> None:
        path = route_path(connection["path"], connection["root_path"])
        path = posixpath.normpath(path.partition("\0")[0].replace("\\", "/"))
        await app({**connection, "path": "/" + path.lstrip("/."), "root_path": ""}, receive, send)

    return tidying


ALL = ["GET", "POST", "WEBSOCKET"]


@settings(max_examples=500, deadline=None, derandomize=True)
@given(TARGETS, ROOT_PATHS, METHODS, st.booleans())
def test_no_spelling_of_a_guarded_path_is_public(
    target: str, root_path: str, method: str, tidied: bool
) -> None:
    """Without a token no request reaches a route that is not public."""
    routes = [
        Route("/health", _endpoint("public"), methods=["GET"]),
        _mount("/static", "public"),
        Route("/{rest:path}", _endpoint("secret"), methods=ALL),
    ]
    guard = Api().guard
    inner = _tidying(Starlette(routes=routes)) if tidied else Starlette(routes=routes)
    app = OAuthGuardMiddleware(inner, guard, public=["/health", "/static/*"])
    response = _ask(app, method, target, root_path)
    assert response.status in {200, 401}
    assert response.body != b"secret"
    assert not response.seen or method == "GET"


@settings(max_examples=500, deadline=None, derandomize=True)
@given(TARGETS, ROOT_PATHS, METHODS, st.booleans(), st.sampled_from(["a", "b", "root"]))
def test_no_spelling_of_a_path_reaches_another_resource(
    target: str, root_path: str, method: str, tidied: bool, resource: str
) -> None:
    """A token for one resource reaches the routes of that resource only."""
    api = Api()
    routes = [
        Route("/a/b", _endpoint("b"), methods=ALL),
        _mount("/a/b", "b"),
        Route("/a", _endpoint("a"), methods=ALL),
        _mount("/a", "a"),
        Route("/{rest:path}", _endpoint("root"), methods=ALL),
    ]
    guards = {
        prefix: Guard(f"https://api.example.com/{name}", [api.jwt_issuer()], clock=lambda: api.now)
        for prefix, name in {"/": "root", "/a": "a", "/a/b": "b"}.items()
    }
    inner = _tidying(Starlette(routes=routes)) if tidied else Starlette(routes=routes)
    app = OAuthGuardMiddleware(inner, guards)
    token = api.token(aud=f"https://api.example.com/{resource}")
    response = _ask(app, method, target, root_path, token)
    assert response.status < 500
    assert not response.seen or response.body == resource.encode()


def _ask(
    app: OAuthGuardMiddleware, method: str, target: str, root_path: str, *tokens: str
) -> RecordedResponse:
    fields = [field for token in tokens for field in bearer(token)]
    connection = http(method, target, fields, root_path=root_path)
    connection["raw_path"] = connection["raw_path"] if len(target) % 2 else None
    return asyncio.run(run(app, connection, []))
