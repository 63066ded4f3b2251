"""OAuthMiddleware and requires() for Django under ASGI: the caller and the checks of a view."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, Unpack

from asgiref.sync import async_to_sync, iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse

from oauth_guard.asgi import IDENTITY, Connection
from oauth_guard.errors import ConfigurationError
from oauth_guard.protocol.challenge import Rejection
from oauth_guard.protocol.identity import Identity
from oauth_guard.protocol.requirement import Requirement, RequirementSettings
from oauth_guard.protocol.scopes import ScopeExpression
from oauth_guard.route_check import check

__all__ = ["OAuthMiddleware", "caller_of", "check_now", "requires"]


class OAuthMiddleware:
    """Django's middleware that sets `request.user` and `request.auth` to the caller.

    In `MIDDLEWARE` it is `"oauth_guard.django.OAuthMiddleware"`, after those that set the user
    too, such as `AuthenticationMiddleware`: the caller of a guarded path is that of the token,
    whatever session comes with the request. On a public path it is `ANONYMOUS`. The user is an
    `Identity` and no model: it has `is_authenticated`, and neither `has_perm` nor a primary key.

    It validates no token. That is done by `OAuthGuardMiddleware` around `get_asgi_application()`.

    Raises:
        ConfigurationError: On a request: there is no `OAuthGuardMiddleware`, or the request came
            by WSGI.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Set the caller; returns the response, or what Django awaits for it."""
        request.user = request.auth = caller_of(request)
        return self._get_response(request)


def requires(
    *scopes: str | ScopeExpression, **settings: Unpack[RequirementSettings]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator of views that admits only callers who satisfy every argument.

    For functions, async or not. On methods of a class write
    `@method_decorator(requires("orders:read"))`, Django's own. A rejection is a response with the
    status, the challenge and the body of the middleware's own rejections.

    Args:
        scopes: The scopes that the token must grant; `scope("a") | scope("b")` for alternatives.
        settings: The other requirements: see `RequirementSettings`.

    Raises:
        ConfigurationError: A scope is malformed, a setting is unknown, or a class was decorated.
            On a request: there is no `OAuthGuardMiddleware`, or the route needs introspection or
            a policy, and the guard can't do so.
    """
    requirement = Requirement.of(*scopes, **settings)
    return lambda view: _guarded(view, requirement)


def caller_of(request: HttpRequest) -> Identity:
    """Return the caller behind *request*; `ANONYMOUS` on a public path.

    Raises:
        ConfigurationError: There is no `OAuthGuardMiddleware`, or the request came by WSGI.
    """
    identity = _connection_of(request).get(IDENTITY)
    if not isinstance(identity, Identity):
        raise _no_guard()
    return identity


def check_now(request: HttpRequest, requirement: Requirement) -> Rejection | None:
    """Return None if the caller satisfies *requirement*, else the rejection; for code in a thread.

    Raises:
        ConfigurationError: See `requires`.
    """
    target = _target_of(request) if requirement.needs_io else None
    rejection: Rejection | None = async_to_sync(check)(
        _connection_of(request), requirement, None, target
    )
    return rejection


def _guarded(view: Callable[..., Any], requirement: Requirement) -> Callable[..., Any]:
    if inspect.isclass(view) or not callable(view):
        raise ConfigurationError(
            "requires() decorates functions: write @method_decorator(requires(...)) at a method "
            "of a class, or name='dispatch' for all of them."
        )

    @functools.wraps(view)
    async def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        target = _target_of(request) if requirement.needs_io else None
        rejection = await check(_connection_of(request), requirement, None, target)
        if rejection is not None:
            return _response(rejection)
        return await view(request, *args, **kwargs)

    @functools.wraps(view)
    def guarded_in_thread(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        rejection = check_now(request, requirement)
        return view(request, *args, **kwargs) if rejection is None else _response(rejection)

    return guarded if iscoroutinefunction(view) else guarded_in_thread


def _connection_of(request: HttpRequest) -> Connection:
    try:
        connection: Connection = request.scope
    except AttributeError:  # a request of WSGI
        raise _no_guard() from None
    return connection


def _target_of(request: HttpRequest) -> Connection:
    """Return the connection with the route that Django has found, for a policy."""
    match = request.resolver_match
    found = {} if match is None else {"path_template": match.route, "path_params": match.kwargs}
    return {**_connection_of(request), **found}


def _no_guard() -> ConfigurationError:
    return ConfigurationError(
        "oauth_guard.django finds no guard: write OAuthGuardMiddleware(get_asgi_application(), "
        "guard), and serve that by an ASGI server."
    )


def _response(rejection: Rejection) -> HttpResponse:
    return HttpResponse(
        rejection.body,
        status=rejection.status,
        headers=rejection.joined_challenges,
        content_type="application/json",
    )
