"""app_structure: finds root paths and endpoints inside an application, however it is wrapped."""

import functools
import warnings
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Host, Mount, Route, Router

from oauth_guard import ConfigurationError, Guard, JWTIssuer, OAuthGuardMiddleware, Requirement
from oauth_guard import fastapi as for_fastapi
from oauth_guard.app_structure import (
    check_endpoints,
    check_root_path,
    inner_root_paths,
    requirements_in,
    warn_of_inner_cors,
)
from oauth_guard.asgi import Application
from oauth_guard.starlette import requires
from oauth_guard.testing import LocalIssuer


class _Rooted:
    """An application that removes a prefix by itself, as FastAPI does."""

    root_path = "/api"

    async def __call__(self, *_: object) -> None:
        """Do nothing."""


class _Slots:
    """Middleware whose attribute is a slot."""

    __slots__ = ("_inner",)

    def __init__(self, inner: object) -> None:
        self._inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Do nothing."""


class _MoreSlots(_Slots):
    __slots__ = ("unset",)


def _closure(app: Any) -> Application:
    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    return wrapped


async def _three(app: Any, scope: Any, receive: Any, send: Any) -> None: ...


async def _calls_a_global(scope: Any, receive: Any, send: Any) -> None:
    await _GLOBAL(scope, receive, send)


_GLOBAL = _Rooted()

WRAPPINGS: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda app: app,
    "GZipMiddleware": GZipMiddleware,
    "two of them": lambda app: GZipMiddleware(CORSMiddleware(app)),
    "a function": _closure,
    "a function in a function": lambda app: _closure(_closure(app)),
    "functools.partial": lambda app: functools.partial(_three, app),
    "a bound method": lambda app: app.__call__,
    "slots": _Slots,
    "slots of a base class": _MoreSlots,
    "Mount": lambda app: Starlette(routes=[Mount("/v1", app)]),
    "Mount of a Mount": lambda app: Router([Mount("/v1", routes=[Mount("/a", app)])]),
    "Mount with middleware": lambda app: Router(
        [Mount("/v1", app, middleware=[Middleware(GZipMiddleware)])]
    ),
    "Host": lambda app: Router([Host("api.test", app)]),
    "a dictionary": lambda app: _Slots({"/a": app}),
    "a global": lambda _: _calls_a_global,
}


@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS)
def test_root_path_of_an_inner_application_is_found(wrap: Callable[[Any], Any]) -> None:
    """Whatever is around it."""
    assert inner_root_paths(wrap(_Rooted())) == {"/api"}


def test_root_path_of_fastapi_is_found_and_that_of_an_enclosing_one_is_not() -> None:
    """Middleware inside FastAPI runs after the root path is set."""
    seen: list[frozenset[str]] = []

    def inside(app: Any) -> Any:
        seen.append(inner_root_paths(app))
        return app

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # FastAPI's parameter is deprecated
        app = FastAPI(root_path="/api", middleware=[Middleware(inside)])
    app.get("/a")(lambda: None)
    app.include_router(APIRouter(), prefix="/b")
    assert inner_root_paths(GZipMiddleware(app)) == {"/api"}
    app.build_middleware_stack()
    assert seen == [frozenset()]


def test_root_path_that_is_a_folder_is_ignored() -> None:
    """Quart and Flask name the folder of the application so."""

    class Quart(_Rooted):
        root_path = "/srv/site"
        import_name = "site"

    assert inner_root_paths(Quart()) == frozenset()
    check_root_path(Quart())


def test_application_with_a_root_path_is_rejected() -> None:
    """Its paths are not those of the guard."""
    with pytest.raises(ConfigurationError, match=r"'/api', reads other paths .*add_middleware"):
        check_root_path(_Rooted())


@pytest.mark.parametrize("root_path", ["", None, 5])
def test_application_without_a_root_path_has_none(root_path: Any) -> None:
    """Only a string can be one."""
    app = _Rooted()
    app.root_path = root_path
    check_root_path(app)


class _Proxy:
    """Raises where any attribute is read, as the proxies of Flask do outside a request."""

    def __getattribute__(self, _: str) -> Any:
        message = "outside of a request"
        raise RuntimeError(message)

    async def __call__(self, *_: object) -> None:
        """Do nothing."""


def test_proxy_that_raises_and_empty_cell_are_passed_over() -> None:
    """Neither is an application."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        del scope, receive, send
        _ = proxy, late

    proxy = _Proxy()
    assert inner_root_paths(app) == frozenset()
    late = 1
    assert late


def _fastapi() -> tuple[Any, Any]:
    app = FastAPI()
    return app, app.get("/a")


def _api_router() -> tuple[Any, Any]:
    app, router = FastAPI(), APIRouter()
    get = router.get("/a")

    def register(endpoint: Any) -> Any:
        get(endpoint)
        app.include_router(router, prefix="/b")
        return endpoint

    return app, register


def _mounted() -> tuple[Any, Any]:
    app = FastAPI()
    return GZipMiddleware(Starlette(routes=[Mount("/v1", app)])), app.post("/a")


def _websocket() -> tuple[Any, Any]:
    app = FastAPI()
    return app, app.websocket("/a")


def _starlette() -> tuple[Any, Any]:
    app = Starlette()

    def register(endpoint: Any) -> Any:
        app.routes.append(Route("/a", endpoint))
        return endpoint

    return app, register


REGISTERED = {
    "FastAPI": _fastapi,
    "APIRouter": _api_router,
    "behind middleware, in a mount": _mounted,
    "a WebSocket": _websocket,
    "Starlette": _starlette,
}


@pytest.mark.conformance("ASGI-15")
@pytest.mark.parametrize("make", REGISTERED.values(), ids=REGISTERED)
def test_requires_above_the_line_that_registers_a_route_is_rejected(
    make: Callable[[], tuple[Any, Any]],
) -> None:
    """The route keeps the bare function."""
    app, register = make()

    @requires("read")
    @register  # type: ignore[untyped-decorator]
    async def endpoint(request: Request) -> None: ...

    with pytest.raises(ConfigurationError, match=r"endpoint is a route without its @requires"):
        check_endpoints(app)


@pytest.mark.parametrize("make", REGISTERED.values(), ids=REGISTERED)
def test_requires_below_the_line_that_registers_a_route_is_accepted(
    make: Callable[[], tuple[Any, Any]],
) -> None:
    """The route has the function that `requires` returned."""
    app, register = make()

    @register  # type: ignore[untyped-decorator]
    @requires("read")
    async def endpoint(request: Request) -> None: ...

    check_endpoints(app)


def test_requires_above_another_decorator_and_a_route_is_rejected() -> None:
    """The function that the other decorator wraps is the route."""
    app = FastAPI()

    def other(function: Any) -> Any:
        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any: ...

        return wrapper

    @requires("read")
    @other
    @app.get("/a")
    async def endpoint(request: Request) -> None: ...

    with pytest.raises(ConfigurationError, match="write the route's decorator first"):
        check_endpoints(app)


def test_function_may_be_a_route_with_and_without_requires_by_a_call() -> None:
    """Nothing looks closed that is open: the two routes are written one by one."""

    async def endpoint(request: Request) -> Any: ...

    guarded = requires("read")(endpoint)
    check_endpoints(Starlette(routes=[Route("/open", endpoint), Route("/closed", guarded)]))
    check_endpoints(Starlette(routes=[Route("/open", endpoint)]))


def _cors(app: Any) -> CORSMiddleware:
    return CORSMiddleware(app, allow_origins=["https://app.example.com"])


WITH_CORS: dict[str, Callable[[], object]] = {
    "added": lambda: Starlette(middleware=[Middleware(CORSMiddleware)]),
    "added behind another": lambda: FastAPI(
        middleware=[Middleware(GZipMiddleware), Middleware(CORSMiddleware)]
    ),
    "around": lambda: _cors(Starlette()),
    "around, behind another": lambda: GZipMiddleware(_cors(Starlette())),
    "around one of another": lambda: GZipMiddleware(
        Starlette(middleware=[Middleware(CORSMiddleware)])
    ),
}


@pytest.mark.parametrize("build", WITH_CORS.values(), ids=WITH_CORS)
def test_inner_cors_middleware_is_logged(
    build: Callable[[], object], caplog: pytest.LogCaptureFixture
) -> None:
    """Scripts can't read the rejections of the guard around it."""
    warn_of_inner_cors(build())
    (message,) = caplog.messages
    assert "set cors= to its origins, or put it outside" in message


@pytest.mark.parametrize(
    "app", [Starlette(), GZipMiddleware(Starlette()), _Rooted(), None, lambda *_: None]
)
def test_application_without_cors_middleware_is_not_logged(
    app: object, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor is one of another framework."""
    warn_of_inner_cors(app)
    assert not caplog.messages


@pytest.mark.parametrize(
    ("cors", "logged"), [([], 1), (["https://app.example.com"], 0)], ids=["without", "with"]
)
async def test_inner_cors_middleware_is_logged_at_start_if_the_guard_has_no_cors(
    cors: list[str], logged: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Also if the application was wrapped before the middleware was added."""
    app, local = Starlette(), LocalIssuer()
    guard = Guard(local.audience, [JWTIssuer(local.issuer, keys=local.jwks)])
    guarded = OAuthGuardMiddleware(app, guard, cors=cors)
    app.add_middleware(CORSMiddleware)
    transport = httpx.ASGITransport(guarded)
    async with httpx.AsyncClient(transport=transport, base_url="https://api.test") as client:
        for _ in range(2):
            await client.get("/", headers={"Authorization": f"Bearer {local.token()}"})
    assert len([each for each in caplog.messages if "CORSMiddleware" in each]) == logged


@requires("read", policy="order")
async def _decided(request: Request) -> None:
    """Require a policy."""


def _with_dependencies() -> FastAPI:
    app = FastAPI(dependencies=[for_fastapi.requires("app")])
    router = APIRouter(dependencies=[for_fastapi.requires(policy="router")])

    @router.get("/", dependencies=[for_fastapi.requires("route", optional=True)])
    async def endpoint() -> None:
        """Require something by dependencies."""

    app.include_router(router, prefix="/inner")
    return app


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        pytest.param(
            Starlette(routes=[Mount("/a", routes=[Route("/b", _decided)])]),
            [Requirement.of("read", policy="order")],
            id="decorator in a mount",
        ),
        pytest.param(
            _with_dependencies(),
            [
                Requirement.of("app"),
                Requirement.of(policy="router"),
                Requirement.of("route"),
            ],
            id="dependencies",
        ),
        pytest.param(Starlette(), [], id="nothing"),
    ],
)
def test_requirements_of_routes_are_found(app: Any, expected: list[Requirement]) -> None:
    """Those of decorators and of dependencies, however deep."""
    found = list(requirements_in(app))
    assert all(each in found for each in expected)
    assert bool(found) == bool(expected)


@pytest.mark.parametrize(
    "app", [Starlette(routes=[Route("/", _decided)]), _with_dependencies()], ids=["route", "router"]
)
async def test_application_with_a_policy_does_not_start_without_a_decision_point(app: Any) -> None:
    """The text says what to write."""
    guard = Guard("https://api.test", [JWTIssuer("https://as.test", keys=LocalIssuer().jwks)])
    messages: list[Any] = []

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        messages.append(message)

    await OAuthGuardMiddleware(app, guard)({"type": "lifespan"}, receive, send)
    assert messages[0]["type"] == "lifespan.startup.failed"
    assert "policy_decision_point=" in messages[0]["message"]
