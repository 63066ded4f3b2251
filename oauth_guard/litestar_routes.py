"""litestar_routes(): the routes of a Litestar application, for the protection report."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from oauth_guard.middleware import OAuthGuardMiddleware
from oauth_guard.protocol.requirement import Requirement

__all__ = ["LitestarRoute", "is_litestar", "litestar_routes"]

_HANDSHAKE, _ANY, _BELOW = "WEBSOCKET", "*", "/*"
_AUTOMATIC = "litestar.routes.http"  # where the response to OPTIONS is made


class LitestarRoute(NamedTuple):
    """One method of one route.

    Attributes:
        method: The HTTP method, `WEBSOCKET`, or `*` for an ASGI application.
        path: Its path with its parameters in braces; that of a mount ends in `/*`.
        middleware: The middleware of guards around it that Litestar itself has, the outermost
            first.
        required: What the guards of all layers require.
        endpoint: The function, or the mounted application.
    """

    method: str
    path: str
    middleware: tuple[OAuthGuardMiddleware, ...]
    required: tuple[Requirement, ...]
    endpoint: Any


def is_litestar(app: Any) -> bool:
    """Return whether *app* is a Litestar application; Litestar is not imported for that."""
    return any(each.__module__ == "litestar.app" for each in type(app).__mro__)


def litestar_routes(app: Any) -> Iterator[LitestarRoute]:
    """Yield each route of *app*, a Litestar application, those of controllers and routers included.

    An ASGI application in it is one line. The responses to OPTIONS that Litestar makes by itself
    are left out. Guards that are no `requires` of `oauth_guard.litestar` are not seen.
    """
    for route in app.routes:
        handlers = getattr(route, "route_handlers", None) or [route.route_handler]
        for handler in handlers:
            if handler.fn.__module__ == _AUTOMATIC:
                continue
            found = (getattr(guard, "requirement", None) for guard in handler.resolve_guards())
            required = tuple(each for each in found if isinstance(each, Requirement))
            middleware = _middleware_of(handler)
            path = f"{route.path.rstrip('/')}{_BELOW}" if _is_mount(handler) else route.path
            for method in _methods(route, handler):
                yield LitestarRoute(method, path, middleware, required, handler.fn)


def _is_mount(handler: Any) -> bool:
    return bool(getattr(handler, "is_mount", False))


def _methods(route: Any, handler: Any) -> list[str]:
    if methods := getattr(handler, "http_methods", None):
        return sorted(map(str, methods))
    return [_HANDSHAKE if type(route).__name__ == "WebSocketRoute" else _ANY]


def _middleware_of(handler: Any) -> tuple[OAuthGuardMiddleware, ...]:
    """Return the middleware of guards around *handler*, each built once more for this report."""
    listed = handler.resolve_middleware()
    return tuple(each(_application) for each in listed if _made_by(each) is OAuthGuardMiddleware)


def _made_by(middleware: Any) -> Any:
    """Return the class in a `DefineMiddleware` or a partial function."""
    return getattr(middleware, "middleware", None) or getattr(middleware, "func", None)


async def _application(*_: Any) -> None:
    """Do nothing, as the application inside middleware that serves no request."""
