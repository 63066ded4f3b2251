"""requires() for Starlette endpoints, HTTP and WebSocket alike, and metadata_route()."""

import functools
import inspect
import re
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar, Unpack, cast

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException, WebSocketException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketState

from oauth_guard.app_structure import record_decorated, record_requirement
from oauth_guard.asgi import (
    GUARD,
    IDENTITY,
    REQUEST,
    Connection,
    close_code,
    send_metadata,
    supports_denial_response,
)
from oauth_guard.errors import ConfigurationError, IssuerUnavailable, RequestRejected
from oauth_guard.guard import Guard
from oauth_guard.misplaced import MisplacedInFastAPI
from oauth_guard.protocol.challenge import Rejection
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.metadata import metadata_query
from oauth_guard.protocol.requirement import Requirement, RequirementSettings
from oauth_guard.protocol.scopes import ScopeExpression
from oauth_guard.route_check import check, check_known

__all__ = ["admit", "admit_known", "metadata_route", "rejection_response", "requires"]

_P = ParamSpec("_P")
_Called = TypeVar("_Called", bound=Callable[..., Any])
_CONNECTION_NAME = re.compile(r"^(_|r|c|ws)$|req|socket|conn", re.IGNORECASE)
_CONNECTION_TYPE = re.compile(r"Request|WebSocket|HTTPConnection|Any|~")


class _Function(MisplacedInFastAPI):
    """`requires` itself."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.__wrapped__, self.__doc__ = function, function.__doc__

    def __call__(self, *args: Any, **settings: Any) -> Any:
        return self.__wrapped__(*args, **settings)


def _no_dependency(function: _Called) -> _Called:
    return cast("_Called", _Function(function))


@_no_dependency
def requires(
    *scopes: str | ScopeExpression, **settings: Unpack[RequirementSettings]
) -> Callable[[Callable[_P, Any]], Callable[_P, Coroutine[Any, Any, Any]]]:
    """Return a decorator that admits only callers who satisfy every argument.

    For functions, async or not, for methods of class-based endpoints, and for WebSocket
    endpoints. A rejection needs no thread; an endpoint that is not async still runs in one.

    Args:
        scopes: The scopes that the token must grant; `scope("a") | scope("b")` for alternatives.
        settings: The other requirements: see `RequirementSettings`.

    Raises:
        ConfigurationError: The decorated object is not a function, a scope is malformed, or a
            setting is unknown. On a request: there is no middleware around the application, or
            the route needs introspection or a policy, and the guard can't do so.
    """
    requirement = Requirement.of(*scopes, **settings)

    return _Decorator(requirement)


class _Decorator(MisplacedInFastAPI):
    """What `requires` returns: decorates one endpoint."""

    def __init__(self, requirement: Requirement) -> None:
        self._requirement = requirement

    def __call__(self, endpoint: Callable[_P, Any]) -> Callable[_P, Coroutine[Any, Any, Any]]:
        guarded = _guarded(endpoint, self._requirement)
        frame = inspect.currentframe()
        record_decorated(endpoint, frame and frame.f_back)
        record_requirement(guarded, self._requirement)
        return guarded


async def admit(
    connection: HTTPConnection,
    requirement: Requirement,
    scope_of_route: Callable[[Connection], str | None] | None = None,
) -> Identity:
    """Return the caller behind *connection* if they satisfy *requirement*.

    If the requirement introspects, the new identity replaces the one in the connection. A
    challenge for a scope names that of *scope_of_route*, if it is given.

    Raises:
        HTTPException: With the same status and challenge as the middleware's rejections, so
            that the application's own handlers may change the body.
        WebSocketException: The same, if an HTTP response is not possible: the WebSocket is
            already accepted, or the server can't send one.
        ConfigurationError: There is no middleware around the application, or the requirement
            needs introspection or a policy, and the guard can't do so.
    """
    rejection = await check(connection.scope, requirement, scope_of_route)
    if rejection is not None:
        raise _exception(connection, rejection)
    identity: Identity = connection.scope[IDENTITY]
    return identity


def admit_known(
    connection: HTTPConnection,
    requirement: Requirement,
    scope_of_route: Callable[[Connection], str | None] | None = None,
) -> Identity:
    """Do the same as `admit` for a requirement that needs no I/O, without a coroutine."""
    scope = connection.scope
    rejection = check_known(scope, requirement, scope_of_route)
    if rejection is not None:
        raise _exception(connection, rejection)
    identity: Identity = scope[IDENTITY]
    return identity


def metadata_route(guard: Guard) -> Route:
    """Return the route of the guard's metadata, for the outermost application.

    A guard inside a mount never receives the path of its metadata, which begins at the root.

    Raises:
        ConfigurationError: The guard was built with `metadata=False`.
    """
    if guard.metadata_path is None:
        raise ConfigurationError("metadata_route() needs a guard that has metadata.")

    return Route(guard.metadata_path, _Metadata(guard))


async def rejection_response(connection: HTTPConnection, error: Exception) -> Response:
    """Return the response to *error*, which an endpoint has raised: an exception handler.

    `Starlette(exception_handlers={RequestRejected: rejection_response, IssuerUnavailable:
    rejection_response})`: then an error of `TokenExchange` has the same response as one of the
    middleware.

    Raises:
        ConfigurationError: There is no middleware around the application.
    """
    guard: Guard | None = connection.scope.get(GUARD)
    if guard is None or not isinstance(error, RequestRejected | IssuerUnavailable):
        raise ConfigurationError(
            "rejection_response is a handler of RequestRejected and IssuerUnavailable inside "
            "OAuthGuardMiddleware."
        )
    rejection = guard.reject(error, connection.scope.get(REQUEST))
    response = Response(rejection.body, rejection.status)
    response.raw_headers = list(rejection.headers)
    return response


class _Metadata:
    """An ASGI endpoint that serves the metadata of *guard*."""

    def __init__(self, guard: Guard) -> None:
        self._document, self._query = guard.metadata_document, metadata_query(guard.resource)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._query and scope["query_string"] != self._query:  # that of another resource
            await Response(status_code=404)(scope, receive, send)
        else:
            await send_metadata(send, scope["method"], scope["headers"], self._document)


def _guarded(
    endpoint: Callable[_P, Any], requirement: Requirement
) -> Callable[_P, Coroutine[Any, Any, Any]]:
    if inspect.isclass(endpoint) or not callable(endpoint):
        raise ConfigurationError("requires() decorates functions: decorate a class's methods.")
    if not _takes_connection(endpoint):
        raise ConfigurationError(
            f"requires() of oauth_guard.starlette decorates endpoints that take a `request` or a "
            f"`websocket`, and {getattr(endpoint, '__qualname__', endpoint)} takes neither: add "
            "the parameter, or in FastAPI write dependencies=[requires(...)] with requires of "
            "oauth_guard.fastapi."
        )
    runs_async, needs_io = _runs_async(endpoint), requirement.needs_io

    @functools.wraps(endpoint)
    async def guarded(*args: _P.args, **kwargs: _P.kwargs) -> Any:
        connection = args[0] if args else None
        if type(connection) is not Request:  # much faster than isinstance
            connection = _connection(*args, *kwargs.values())
        if needs_io:
            await admit(connection, requirement)
        elif (rejection := check_known(connection.scope, requirement)) is not None:
            raise _exception(connection, rejection)
        if runs_async:
            return await endpoint(*args, **kwargs)
        return await run_in_threadpool(endpoint, *args, **kwargs)

    return guarded


def _runs_async(endpoint: Any) -> bool:
    while isinstance(endpoint, functools.partial):
        endpoint = endpoint.func
    return inspect.iscoroutinefunction(endpoint) or inspect.iscoroutinefunction(endpoint.__call__)


def _takes_connection(endpoint: Callable[..., Any]) -> bool:
    """Return whether *endpoint* has a parameter for a request or WebSocket, by name or type."""
    try:
        parameters = inspect.signature(endpoint).parameters.values()
    except ValueError:  # built in; it fails on the first request if it takes none
        return True
    return any(map(_may_be_connection, parameters))


def _may_be_connection(parameter: inspect.Parameter) -> bool:
    if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
        return True
    annotation = parameter.annotation
    if annotation is parameter.empty:
        return bool(_CONNECTION_NAME.search(parameter.name))
    if inspect.isclass(annotation) and annotation is not Any:
        return issubclass(annotation, HTTPConnection) or issubclass(Request, annotation)
    return bool(_CONNECTION_TYPE.search(str(annotation)))  # a string, or a union of types


def _connection(*arguments: object) -> HTTPConnection:
    for argument in arguments:
        if isinstance(argument, HTTPConnection):
            return argument
    raise ConfigurationError("requires() decorates endpoints that take a request or a websocket.")


def _exception(connection: HTTPConnection, rejection: Rejection) -> Exception:
    if isinstance(connection, WebSocket) and not _can_be_denied(connection):
        return WebSocketException(close_code(rejection))
    # Raw pairs, since a challenge may need several lines of one name. The fields that describe
    # our body are left out: the framework writes its own.
    headers = Headers(raw=list(rejection.challenges))
    return HTTPException(rejection.status, detail=rejection.debug, headers=headers)


def _can_be_denied(websocket: WebSocket) -> bool:
    return websocket.application_state is WebSocketState.CONNECTING and supports_denial_response(
        websocket.scope
    )
