"""litestar_routes(): each line about a Litestar application agrees with a request."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from litestar import Litestar, get

from oauth_guard.litestar_routes import is_litestar, litestar_routes
from oauth_guard.routes import RouteProtection, protection_report
from tests.acceptance.standards.api import plain
from tests.acceptance.standards.recorded_response import body, http, run, visit, websocket
from tests.builders import litestar_apps, report_apps

_PARAMETER = "{number:int}"


def _lines(app: Any) -> set[tuple[str, str, str, str]]:
    report = protection_report(app)
    return {(each.method, each.path, each.protection, each.requires) for each in report}


def test_report_of_an_application_that_is_guarded_as_a_whole() -> None:
    """Controllers, routers, WebSockets, ASGI applications and mounts are among the lines."""
    assert _lines(litestar_apps.shop(report_apps.guard())) == {
        ("GET", "/", "guarded", ""),
        ("GET", "/health", "public", ""),
        ("GET", "/both", "guarded", ""),
        ("PUT", "/both", "guarded", ""),
        ("WEBSOCKET", "/feed", "guarded", "feed"),
        ("WEBSOCKET", "/prices", "public", ""),
        ("*", "/one", "guarded", ""),
        ("*", "/static/*", "public", ""),
        ("GET", "/v1/orders", "guarded", "orders:read"),
        ("GET", "/v1/orders/all", "guarded", "orders:read"),
        ("POST", f"/v1/orders/{_PARAMETER}", "guarded", "orders:read, orders:write users_only"),
    }


def test_report_names_the_routes_that_nothing_guards() -> None:
    """Those beside the guards, and those that serve a caller without a token."""
    assert _lines(litestar_apps.forgetful(report_apps.guard())) == {
        ("GET", "/forgotten", "unguarded", ""),
        ("GET", "/one", "guarded", ""),
        ("GET", "/optional", "unguarded", ""),
        ("GET", "/needed", "guarded", "read"),
        ("GET", "/in/a", "guarded", ""),
        ("GET", "/in/health", "public", ""),
        ("*", "/mount/*", "guarded", "read"),
        ("*", "/opaque/*", "unguarded", ""),
        ("WEBSOCKET", "/socket", "unguarded", ""),
    }


async def _is_rejected(app: Any, line: RouteProtection) -> bool:
    """Return whether a request without a token is rejected."""
    path = line.path.replace("/*", "/1").replace(_PARAMETER, "1")
    if line.method == "WEBSOCKET":
        response = await run(app, websocket(path, denial=True), visit())
        return bool(response.messages[0]["type"] != "websocket.accept")
    method = "GET" if line.method == "*" else line.method
    return (await run(app, http(method, path), body())).status == 401


@pytest.mark.parametrize(
    "build", [litestar_apps.shop, litestar_apps.forgetful, litestar_apps.mounted]
)
async def test_each_line_agrees_with_a_request_without_a_token(build: Callable[..., Any]) -> None:
    """A guarded route rejects it, and no other does."""
    app = build(report_apps.guard())
    for line in protection_report(app):
        assert await _is_rejected(app, line) == (line.protection == "guarded"), line


def test_application_inside_other_middleware_is_found() -> None:
    """As one of Starlette's is."""
    inner = litestar_apps.forgetful(report_apps.guard())

    class Wrapper:
        def __init__(self) -> None:
            self._any_name = inner

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await self._any_name(scope, receive, send)

    assert _lines(Wrapper()) == _lines(inner)


def test_line_names_the_endpoint() -> None:
    """So that a reader finds the code."""
    report = protection_report(litestar_apps.shop(report_apps.guard()))
    by_path = {(each.method, each.path): each.endpoint for each in report}
    assert by_path["GET", "/v1/orders"] == "Orders.listed"
    assert by_path["*", "/static/*"] == "application"


def test_middleware_and_guards_of_others_are_not_seen() -> None:
    """Such a route is unguarded, as the report says."""

    async def other(*_: Any) -> None: ...

    handler = get("/a", guards=[other], middleware=[partial(_Other, name="x"), _Other])(_page)
    (route,) = litestar_routes(Litestar([handler], openapi_config=None))
    assert (route.middleware, route.required) == ((), ())


class _Other:
    """Middleware that passes everything on."""

    def __init__(self, app: Any, name: str = "") -> None:
        self._app, self.name = app, name

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)


async def _page() -> str:
    return "page"


def test_other_applications_are_not_taken_for_litestar() -> None:
    """By the class, so that Litestar need not be installed."""
    assert not is_litestar(plain)
    assert is_litestar(Litestar([]))
