"""requires() for Litestar: a guard of routes; provide_caller() and Caller: the identity."""

from collections.abc import Awaitable, Callable
from functools import reduce
from operator import and_
from typing import Any, TypeAlias, Unpack

from litestar.connection import ASGIConnection
from litestar.di import NamedDependency, Provide
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, WebSocketException
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from oauth_guard.asgi import IDENTITY, close_code
from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.requirement import Requirement, RequirementSettings
from oauth_guard.protocol.scopes import ScopeExpression
from oauth_guard.route_check import check

__all__ = ["Caller", "provide_caller", "requires"]

_DETAIL = "The caller may not use this route."


class _Check:
    """A guard of Litestar's kind."""

    def __init__(self, requirement: Requirement) -> None:
        self.requirement = requirement

    async def __call__(
        self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        rejection = await check(
            connection.scope,  # type: ignore[arg-type] # a dict
            self.requirement,
            lambda _: _scope_of_route(handler),
        )
        if rejection is None:
            return
        if connection.scope["type"] == ScopeType.WEBSOCKET:
            raise WebSocketException(detail=_DETAIL, code=close_code(rejection))
        raise HTTPException(
            detail=rejection.debug or _DETAIL,
            status_code=rejection.status,
            headers=rejection.joined_challenges,
        )


def _scope_of_route(handler: BaseRouteHandler) -> str | None:
    """Return the scope that the guards of all layers around *handler* require of the caller.

    The caller has to satisfy each of them, so one challenge names them all.
    """
    scopes = [
        guard.requirement.scopes
        for guard in handler.resolve_guards()
        if isinstance(guard, _Check) and guard.requirement.scopes is not None
    ]
    return str(reduce(and_, scopes)) if scopes else None


def requires(
    *scopes: str | ScopeExpression, **settings: Unpack[RequirementSettings]
) -> Callable[..., Awaitable[None]]:
    """Return a guard of Litestar's kind that admits only callers who satisfy every argument.

    Use it as `guards=[requires("orders:read")]` of a handler, a controller, a router or the
    application, HTTP and WebSocket alike. `OAuthGuardMiddleware` around the application validates
    the token; this reads none. Litestar calls the guards of all layers, outermost first. A
    challenge for a scope names those of every layer, so that one new token has them all.

    A rejection is an `HTTPException` with the status and the challenge of the middleware's own
    rejections, whose body the application's exception handlers may change. A handshake gets the
    same response as from the middleware; where the server can't send one, it is closed with code
    1008 or 1013.

    Args:
        scopes: The scopes that the token must grant; `scope("a") | scope("b")` for alternatives.
        settings: The other requirements: see `RequirementSettings`.

    Raises:
        ConfigurationError: A scope is malformed, or a setting is unknown. On a request: there is
            no middleware around the application, or the route needs introspection or a policy,
            and the guard can't do so.
    """
    return _Check(Requirement.of(*scopes, **settings))


def provide_caller() -> Provide:
    """Return a dependency whose value is the caller.

    Use it as `dependencies={"caller": provide_caller()}` of the application or a layer below.
    A handler receives it as `caller: Caller`; it is `ANONYMOUS` on a public path.

    Raises:
        ConfigurationError: On a request: there is no middleware around the application.
    """
    return Provide(_caller, use_cache=False, sync_to_thread=False)


def _caller(scope: Scope) -> Identity:
    identity = scope.get(IDENTITY)
    if not isinstance(identity, Identity):
        raise ConfigurationError(
            "provide_caller() finds no caller: put OAuthGuardMiddleware around the application."
        )
    return identity


Caller: TypeAlias = NamedDependency[Identity]
"""The type of the parameter `caller` of a handler, whose value `provide_caller()` provides."""
