"""protection_report: each line agrees with a request without a token."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from starlette.requests import Request
from starlette.routing import BaseRoute, Route, Router

from oauth_guard import Identity, OAuthGuardMiddleware, Requirement, Rules
from oauth_guard.fastapi import requires as fastapi_requires
from oauth_guard.routes import RouteProtection, protection_report
from oauth_guard.starlette import requires
from tests.acceptance.standards.api import plain
from tests.acceptance.standards.recorded_response import body, http, run, visit, websocket
from tests.builders.report_apps import by_rules, forgetful, guard, page, shop

_HOST = {"headers": [(b"host", b"other.example.com")]}


def _lines(app: Any) -> set[tuple[str, str, str, str]]:
    report = protection_report(app)
    return {(each.method, each.path, each.protection, each.requires) for each in report}


def test_report_of_an_application_that_is_guarded_as_a_whole() -> None:
    """Mounts, classes, included routers and WebSockets are among the lines."""
    assert _lines(shop(guard())) == {
        ("GET", "/", "guarded", ""),
        ("GET", "/health", "public", ""),
        ("GET", "/admin", "guarded", "admin roles=boss users_only"),
        ("GET", "/orders", "guarded", ""),
        ("POST", "/orders", "guarded", "orders:write"),
        ("WEBSOCKET", "/feed", "guarded", ""),
        ("WEBSOCKET", "/prices", "public", ""),
        ("GET", "/api/v1/items/{number}", "guarded", "items:read"),
        ("WEBSOCKET", "/api/events", "guarded", ""),
        ("*", "/static/*", "public", ""),
        ("GET", "/files/{area}/{name:path}", "guarded", ""),
    }


def test_report_names_the_routes_that_nothing_guards() -> None:
    """Those beside the guard, and those that serve a caller without a token."""
    assert _lines(forgetful(guard())) == {
        ("GET", "/forgotten", "unguarded", ""),
        ("GET", "/one", "guarded", ""),
        ("GET", "/inner/two", "guarded", ""),
        ("GET", "/inner/in", "public", ""),
        ("GET", "/inner/deep/a", "public", ""),
        ("GET", "/three/", "guarded", ""),
        ("GET", "/optional/any", "unguarded", ""),
        ("GET", "/host", "guarded", ""),
        ("*", "/opaque/*", "unguarded", ""),
        ("WEBSOCKET", "/socket", "unguarded", ""),
    }


def test_report_shows_what_rules_require() -> None:
    """Without a rule, the path is denied to everybody."""
    assert _lines(by_rules(guard())) == {
        ("GET", "/orders", "guarded", "orders:read"),
        ("GET", "/orders/{id}", "guarded", ""),
        ("GET", "/other", "guarded", "denied"),
    }


async def _status(app: Any, line: RouteProtection) -> int | None:
    """Return the status of a request without a token; None for an accepted WebSocket."""
    path = line.path.replace("/*", "/1")
    for parameter in ("{number}", "{area}", "{name:path}", "{id}"):
        path = path.replace(parameter, "1")
    if line.method == "WEBSOCKET":
        response = await run(app, websocket(path, denial=True), visit())
        return None if response.messages[0]["type"] == "websocket.accept" else response.status
    method = "GET" if line.method == "*" else line.method
    connection = http(method, path) | (_HOST if line.path == "/host" else {})
    return (await run(app, connection, body())).status


@pytest.mark.parametrize("build", [shop, forgetful, by_rules])
async def test_each_line_agrees_with_a_request_without_a_token(
    build: Callable[..., Any],
) -> None:
    """A guarded route rejects it with 401, and no other does."""
    app = build(guard())
    for line in protection_report(app):
        is_rejected = await _status(app, line) == 401
        assert is_rejected == (line.protection == "guarded"), line


class _Wrapper:
    """Middleware of an application, in an attribute of any name."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass everything on."""
        await self._inner(scope, receive, send)


def test_application_inside_other_middleware_is_found() -> None:
    """Also behind a partial function and in several layers."""
    app = shop(guard())
    assert _lines(_Wrapper(app)) == _lines(app)
    assert _lines(partial(_Wrapper(app))) == _lines(app)


def test_application_of_another_framework_is_one_line() -> None:
    """Its routes are not known."""
    assert _lines(plain) == {("*", "/*", "unguarded", "")}
    guarded = OAuthGuardMiddleware(plain, guard(), requires=Requirement.of("read", max_age=60))
    assert _lines(guarded) == {("*", "/*", "guarded", "read max_age=60")}


def test_line_names_the_endpoint_and_the_resource() -> None:
    """So that a reader finds the code."""
    lines = {each.path: each for each in protection_report(shop(guard()))}
    assert lines["/admin"].endpoint == "page"
    assert lines["/admin"].resource == "https://api.example.com"
    assert lines["/prices"].endpoint == "Feed"


class _Unknown(BaseRoute):
    """A route of a class of the application's own."""


class _Service:
    @requires("service")
    async def method(self, request: Request) -> None:
        """Do nothing."""


class _Instance:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Do nothing."""


def test_unusual_endpoints_have_lines() -> None:
    """Bound methods, partial functions, ASGI applications, and routes of other classes."""
    decorated = requires("partial")(page)
    routes = [
        Route("/method", _Service().method),
        Route("/partial", partial(decorated)),
        Route("/instance", _Instance()),
        _Unknown(),
    ]
    app = OAuthGuardMiddleware(Router(routes), guard(), public=["/instance"])
    assert _lines(app) == {
        ("GET", "/method", "guarded", "service"),
        ("GET", "/partial", "guarded", "partial"),
        ("*", "/instance", "public", ""),
        ("*", "/*", "guarded", ""),
    }


def test_dependency_of_a_dependency_is_found() -> None:
    """Other dependencies require nothing of the token."""
    app = FastAPI(openapi_url=None)

    def inner(caller: Annotated[Identity, fastapi_requires("inner")]) -> str | None:
        return caller.subject

    @app.get("/nested", dependencies=[Depends(inner)])
    def nested() -> None: ...

    app.add_middleware(OAuthGuardMiddleware, guard=guard())
    assert _lines(app) == {("GET", "/nested", "guarded", "inner")}


def test_path_that_rules_find_ambiguous_is_denied() -> None:
    """No request reaches it."""
    rules = Rules([("/a", "read"), ("/a/*", None)])
    app = OAuthGuardMiddleware(Router([Route("/A", page)]), guard(), rules=rules)
    assert _lines(app) == {("GET", "/A", "guarded", "denied")}


def test_wrapper_around_itself_ends() -> None:
    """It is one line."""
    wrapper = _Wrapper(plain)
    vars(wrapper)["app"] = wrapper
    other = _Wrapper(None)
    other.app, vars(wrapper)["_app"] = wrapper, other  # type: ignore[attr-defined]
    assert _lines(wrapper) == {("*", "/*", "unguarded", "")}


def test_default_of_a_router_is_searched() -> None:
    """It serves what no route does."""
    inner = Router([Route("/inner", page)])
    outer = Router([Route("/outer", page)], default=inner)
    assert _lines(outer) == {
        ("GET", "/outer", "unguarded", ""),
        ("GET", "/inner", "unguarded", ""),
    }


def test_route_without_a_guard_may_be_declared_public() -> None:
    """A guarded one stays guarded."""
    report = protection_report(forgetful(guard()), public=["/forgotten", "/one", "/opaque/*"])
    found = {each.path: each.protection for each in report}
    assert (found["/forgotten"], found["/one"], found["/opaque/*"]) == (
        "public",
        "guarded",
        "public",
    )
    assert found["/optional/any"] == "unguarded"
