"""requires() for Starlette endpoints, HTTP and WebSocket alike, and metadata_route()."""

import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, Unpack

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException, WebSocketException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket, WebSocketState

from oauth_guard.asgi import (
    GUARD,
    IDENTITY,
    REQUEST,
    close_code,
    supports_denial_response,
)
from oauth_guard.errors import ConfigurationError, IssuerUnavailable, RequestRejected
from oauth_guard.guard import Guard
from oauth_guard.protocol.challenge import Rejection
from oauth_guard.protocol.identity import Identity, set_current_identity
from oauth_guard.protocol.metadata import METADATA_HEADERS
from oauth_guard.protocol.requirement import Requirement, RequirementSettings
from oauth_guard.protocol.scopes import ScopeExpression

__all__ = ["admit", "metadata_route", "requires"]

_P = ParamSpec("_P")


def requires(
    *scopes: str | ScopeExpression, **settings: Unpack[RequirementSettings]
) -> Callable[[Callable[_P, Any]], Callable[_P, Coroutine[Any, Any, Any]]]:
    """Let only callers through to an endpoint who have what is asked; all of it is wanted.

    For functions, async or not, for methods of class-based endpoints, and for WebSocket
    endpoints. A refusal costs no thread; an endpoint that is not async still runs in one.

    Args:
        scopes: What the token must grant; write alternatives as `scope("a") | scope("b")`.
        settings: What else the caller must have, or be: see `RequirementSettings`.

    Raises:
        ConfigurationError: Something else than a function is decorated, a scope is malformed, a
            setting unknown, or, when a request comes, no guard stands in front, or one whose
            issuers can't be asked.
    """
    requirement = Requirement.of(*scopes, **settings)

    return lambda endpoint: _guarded(endpoint, requirement)


async def admit(connection: HTTPConnection, requirement: Requirement) -> Identity:
    """Return who sent the request behind *connection*, held to *requirement*.

    Where that asks anew, what is learnt takes the place of what was known.

    Raises:
        HTTPException: With the same status and challenge as the middleware's refusals, so
            that the application's own handlers may restyle the body.
        WebSocketException: Where a WebSocket can't be answered so any more, or ever.
        ConfigurationError: No guard stands in front, or one that can't do what is asked.
    """
    guard, identity = _guard_and_identity(connection)
    if requirement.introspect:
        guard.check_can_introspect()
    try:
        guard.authorize(identity, requirement)
        if requirement.introspect:
            request = connection.scope[REQUEST]
            current = await guard.introspect(request, identity, requirement)
            _replace(connection, identity, current)
            identity = current
    except (RequestRejected, IssuerUnavailable) as error:
        raise _exception(connection, guard.reject(error)) from None
    return identity


def metadata_route(guard: Guard) -> Route:
    """Return the route of the guard's metadata, for the application in which it is mounted.

    A guard inside a mount never sees the path of its metadata, which begins at the root.

    Raises:
        ConfigurationError: The guard was built with `metadata=False`.
    """
    if guard.metadata_path is None:
        raise ConfigurationError("metadata_route() needs a guard that has metadata.")

    async def metadata(_: Request) -> Response:
        return Response(guard.metadata_document, headers=Headers(raw=list(METADATA_HEADERS)))

    return Route(guard.metadata_path, metadata, methods=["GET"])


def _guarded(
    endpoint: Callable[_P, Any], requirement: Requirement
) -> Callable[_P, Coroutine[Any, Any, Any]]:
    if inspect.isclass(endpoint) or not callable(endpoint):
        raise ConfigurationError("requires() decorates functions: decorate a class's methods.")
    runs_async = _runs_async(endpoint)

    @functools.wraps(endpoint)
    async def guarded(*args: _P.args, **kwargs: _P.kwargs) -> Any:
        connection = args[0] if args else None
        if type(connection) is not Request:  # much faster than isinstance
            connection = _connection(*args, *kwargs.values())
        await admit(connection, requirement)
        if runs_async:
            return await endpoint(*args, **kwargs)
        return await run_in_threadpool(endpoint, *args, **kwargs)

    return guarded


def _runs_async(endpoint: Any) -> bool:
    while isinstance(endpoint, functools.partial):
        endpoint = endpoint.func
    return inspect.iscoroutinefunction(endpoint) or inspect.iscoroutinefunction(endpoint.__call__)


def _connection(*arguments: object) -> HTTPConnection:
    for argument in arguments:
        if isinstance(argument, HTTPConnection):
            return argument
    raise ConfigurationError("requires() decorates endpoints that take a request or a websocket.")


def _guard_and_identity(connection: HTTPConnection) -> tuple[Guard, Identity]:
    try:
        return connection.scope[GUARD], connection.scope[IDENTITY]
    except KeyError:
        raise ConfigurationError(
            "requires() finds no guard: put OAuthGuardMiddleware around the application."
        ) from None


def _replace(connection: HTTPConnection, known: Identity, identity: Identity) -> None:
    """Let the application see *identity*; the middleware takes it back in the end."""
    for name in (IDENTITY, "user", "auth"):
        if connection.scope.get(name) is known:  # not what other middleware put there
            connection.scope[name] = identity
    set_current_identity(identity)


def _exception(connection: HTTPConnection, rejection: Rejection) -> Exception:
    if isinstance(connection, WebSocket) and not _can_be_denied(connection):
        return WebSocketException(close_code(rejection))
    # Headers of raw pairs, since a challenge may take several lines of one name. What
    # describes our body is left out: the framework writes its own.
    return HTTPException(rejection.status, headers=Headers(raw=list(rejection.challenges)))


def _can_be_denied(websocket: WebSocket) -> bool:
    return websocket.application_state is WebSocketState.CONNECTING and supports_denial_response(
        websocket.scope
    )
