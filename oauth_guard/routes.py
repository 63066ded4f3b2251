"""protection_report(): what each route of an application requires of its caller."""

import re
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any, Literal, NamedTuple, TypeAlias

from starlette.applications import Starlette
from starlette.routing import Host, Mount, Router

from oauth_guard.app_structure import is_application, members, requirements_of
from oauth_guard.asgi import Connection
from oauth_guard.errors import RequestRejected
from oauth_guard.litestar_routes import is_litestar, litestar_routes
from oauth_guard.middleware import OAuthGuardMiddleware
from oauth_guard.protocol.paths import PublicPaths
from oauth_guard.protocol.requirement import DENIED, Requirement
from oauth_guard.protocol.requirement_text import describe

__all__ = ["Protection", "RouteProtection", "protection_report"]

Protection: TypeAlias = Literal["guarded", "public", "unguarded"]
"""Whether a request without a token is rejected, is declared public, or is served all the same."""

_PARAMETER = re.compile(r"\{[^}]*\}")
_HANDSHAKE = "WEBSOCKET"
_ANY = "*"
_CALLED_BY = "POST"
_VERBS = ("get", "head", "post", "put", "patch", "delete", "options")
_MAX_DEPTH = 50

_Around: TypeAlias = tuple[tuple[str, OAuthGuardMiddleware], ...]
"""Each middleware around a route with the path that it is mounted at, the outermost first."""


class RouteProtection(NamedTuple):
    """One method of one route.

    Attributes:
        method: The HTTP method, `WEBSOCKET`, or `*` for an application that decides itself.
        path: The path with its parameters in braces; `/*` at its end means every path below.
        protection: Whether the route is guarded, public or unguarded.
        resource: The resource of the guard; empty if there is none.
        requires: What the route requires besides a valid token, in words.
        endpoint: The name of the function or class.
    """

    method: str
    path: str
    protection: Protection
    resource: str
    requires: str
    endpoint: str


def protection_report(app: Any, *, public: Iterable[str] = ()) -> list[RouteProtection]:
    """Return a line for each method of each HTTP and WebSocket route of *app*.

    Mounts, hosts, included routers and applications inside middleware are searched. An
    application that is none of Starlette's, FastAPI's or Litestar's is one line, and so is one
    that Litestar mounts. HEAD is left out beside GET, and so are responses to OPTIONS that
    Litestar makes by itself.
    Middleware that rejects requests by itself, and checks inside endpoints, are not seen: such a
    route is `unguarded` unless `OAuthGuardMiddleware` is around it.

    A path with parameters counts as public if it is for the value `1`.

    Args:
        app: The application.
        public: Further public paths, in the form of the middleware's `public=`, for routes that
            no guard is around.

    Raises:
        ConfigurationError: A pattern of *public* has another form.
    """
    declared = PublicPaths.of(public)
    return [_declare(line, declared) for line in _walk(app, "", (), 0)]


def _declare(line: RouteProtection, public: PublicPaths) -> RouteProtection:
    connection = _connection(line.method, line.path)
    method = connection.get("method", _HANDSHAKE)
    is_public = line.protection == "unguarded" and public.include(method, connection["path"], None)
    return line._replace(protection="public") if is_public else line


def _walk(app: Any, prefix: str, around: _Around, depth: int) -> Iterator[RouteProtection]:
    if isinstance(app, OAuthGuardMiddleware):
        inside = (*around, (prefix, app))
        yield from _walk(app.application, prefix, inside, depth + 1)
        for path, name, requirement in getattr(app, "operations", ()):  # of an MCP server
            full = prefix + path.removeprefix(prefix)
            yield _line(_CALLED_BY, full, inside, [requirement], app)._replace(endpoint=name)
    elif isinstance(app, Starlette):
        inside = (*around, *_middleware_in(app.build_middleware_stack(), prefix))
        yield from _walk(app.router, prefix, inside, depth + 1)
    elif isinstance(app, Router):
        inside = (*around, *_middleware_in(app.middleware_stack, prefix))
        for route in _routes_of(app):
            yield from _of_route(route, prefix, inside, depth + 1)
        if app.default != app.not_found:
            yield from _walk(app.default, prefix, inside, depth + 1)
    elif is_litestar(app):
        for route in litestar_routes(app):
            own = tuple((prefix, middleware) for middleware in route.middleware)
            required, path = list(route.required), prefix + route.path
            yield _line(route.method, path, (*around, *own), required, route.endpoint)
    elif inner := _inner(app) if depth < _MAX_DEPTH else None:
        yield from _walk(inner, prefix, around, depth + 1)
    else:
        yield _line(_ANY, f"{prefix}/*", around, [], app)


def _inner(app: Any) -> Any:
    """Return the application that *app* wraps, if routes are in it."""
    for each in members(app):
        if isinstance(each, Router | Starlette | OAuthGuardMiddleware) or is_litestar(each):
            return each
    wrapped = [getattr(app, name, None) for name in ("app", "_app", "application", "func")]
    return next((each for each in wrapped if each is not app and is_application(each)), None)


def _middleware_in(app: Any, prefix: str) -> _Around:
    """Return the guards' middleware in a stack, the outermost first."""
    found: list[tuple[str, OAuthGuardMiddleware]] = []
    while app is not None and not isinstance(app, Router | Starlette):
        if isinstance(app, OAuthGuardMiddleware):
            found.append((prefix, app))
            app = app.application
        else:
            app = getattr(app, "app", None)
    return tuple(found)


def _routes_of(router: Router) -> Iterator[Any]:
    """Yield the routes of *router*; those of FastAPI's included routers as they take effect."""
    for route in (*router.routes, *getattr(router, "_low_priority_routes", ())):
        included = getattr(route, "effective_route_contexts", None)
        for each in (route,) if included is None else included():
            yield getattr(each, "starlette_route", None) or each


def _of_route(route: Any, prefix: str, around: _Around, depth: int) -> Iterator[RouteProtection]:
    if isinstance(route, Mount | Host):
        below = route.path if isinstance(route, Mount) else ""
        yield from _walk(route.app, prefix + below, around, depth)
        return
    endpoint = getattr(route, "endpoint", None)
    path = getattr(route, "path", None)
    if path is None:
        yield _line(_ANY, f"{prefix}/*", around, [], route)
        return
    inside = (*around, *_middleware_in(getattr(route, "app", None), prefix))
    required = [*requirements_of(endpoint), *_of_dependencies(getattr(route, "dependant", None))]
    for method, handler in _methods(route, endpoint):
        own = [] if handler is endpoint else requirements_of(handler)
        yield _line(method, prefix + path, inside, [*required, *own], endpoint)


def _methods(route: Any, endpoint: Any) -> Iterator[tuple[str, Any]]:
    """Yield each method of *route*, and the function that serves it."""
    if not hasattr(route, "methods"):
        # Of a class, the handshake is in `on_connect`.
        yield _HANDSHAKE, getattr(endpoint, "on_connect", endpoint)
    elif route.methods:
        for method in sorted(set(route.methods) - ({"HEAD"} if "GET" in route.methods else set())):
            yield method, endpoint
    else:
        verbs = [verb for verb in _VERBS if isinstance(endpoint, type) and hasattr(endpoint, verb)]
        for verb in verbs:
            yield verb.upper(), getattr(endpoint, verb)
        if not verbs:
            yield _ANY, endpoint


def _of_dependencies(dependant: Any) -> Iterator[Requirement]:
    """Yield what FastAPI's dependencies require."""
    for each in getattr(dependant, "dependencies", ()):
        requirement = getattr(each.call, "requirement", None)
        if isinstance(requirement, Requirement):
            yield requirement
        yield from _of_dependencies(each)


def _line(
    method: str, path: str, around: _Around, required: list[Requirement], endpoint: Any
) -> RouteProtection:
    resource, found, is_public = "", list[Requirement](), bool(around)
    takes_messages = method == _ANY and any(hasattr(each, "operations") for _, each in around)
    methods = (method, _CALLED_BY) if takes_messages else (method,)
    for (prefix, middleware), each in product(around, methods):
        connection = _connection(each, path, prefix)
        try:
            declared, guard, requirement = middleware.protection(connection)
        except RequestRejected:  # every such path is rejected
            declared, guard, requirement = False, None, DENIED
        is_public = is_public and declared
        resource = resource if guard is None else guard.resource
        found += [] if requirement is None else [requirement]
    # What a decorator requires rejects callers without a token, wherever a guard is around it.
    guarded = bool(resource or found or (around and required))
    protection: Protection = "guarded" if guarded else "public" if is_public else "unguarded"
    texts = dict.fromkeys(map(describe, (*found, *required)))
    name = getattr(endpoint, "__qualname__", type(endpoint).__qualname__)
    return RouteProtection(
        method, path or "/", protection, resource, ", ".join(filter(None, texts)), name
    )


def _connection(method: str, path: str, root_path: str = "") -> Connection:
    """Return a request for the route, with the value 1 for each parameter.

    A mount adds its path to the root path, by which the middleware in it reads the rest.
    """
    concrete, root_path = (
        _PARAMETER.sub("1", each).replace("/*", "/1") for each in (path, root_path)
    )
    connection: Connection = {"path": concrete or "/", "root_path": root_path, "headers": []}
    if method == _HANDSHAKE:
        return {**connection, "type": "websocket"}
    return {**connection, "type": "http", "method": "GET" if method == _ANY else method}
