"""check(): what a route requires of its caller, for any ASGI framework."""

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

from oauth_guard.asgi import GUARD, IDENTITY, REQUEST, Connection
from oauth_guard.connections.guarded_connection import OPEN_CONNECTION
from oauth_guard.connections.handshake import HANDSHAKE
from oauth_guard.errors import (
    ConfigurationError,
    IssuerUnavailable,
    MissingCredentials,
    RequestRejected,
)
from oauth_guard.guard import Guard
from oauth_guard.protocol.access_target import AccessTarget
from oauth_guard.protocol.challenge import Rejection
from oauth_guard.protocol.identity import Identity, set_current_identity
from oauth_guard.protocol.requirement import Requirement

__all__ = ["check", "check_known"]

_NO_MIDDLEWARE = "requires() finds no guard: put OAuthGuardMiddleware around the application."


async def check(
    connection: Connection,
    requirement: Requirement,
    scope_of_route: Callable[[Connection], str | None] | None = None,
    target: AccessTarget | Mapping[str, Any] | None = None,
) -> Rejection | None:
    """Return None if the caller behind *connection* satisfies *requirement*, else the rejection.

    The caller is `connection["user"]`. If the requirement introspects, the new identity replaces
    the one in the connection. A framework sends the `status`, `headers` and `body` of a rejection
    as its response. If it closes a WebSocket before accepting it, the middleware sends them.

    Args:
        connection: The ASGI connection ("scope") that the application received from the
            middleware: `request.scope` in most frameworks. No token is read from it.
        requirement: What the route requires: `Requirement.of("orders:read")`.
        scope_of_route: Returns what a challenge for a scope names instead of the scope of
            *requirement*, where this is one of several requirements of a route.
        target: What the request does, for a policy; by default what *connection* says.

    Raises:
        ConfigurationError: There is no middleware around the application, or the guard can't
            introspect or evaluate a policy, which the requirement needs.
    """
    if not requirement.needs_io:
        return check_known(connection, requirement, scope_of_route)
    if GUARD not in connection:
        raise ConfigurationError(_NO_MIDDLEWARE)
    guard: Guard = connection[GUARD]
    known: Identity = connection[IDENTITY]
    guard.check_can_decide(requirement)
    where = connection if target is None else target
    try:
        current = await guard.authorize_request(connection[REQUEST], known, requirement, where)
    except (RequestRejected, IssuerUnavailable) as error:
        return _rejection(connection, error, scope_of_route)
    _replace(connection, known, current)
    if OPEN_CONNECTION in connection:
        connection[OPEN_CONNECTION].require(requirement, where)
    return None


def check_known(
    connection: Connection,
    requirement: Requirement,
    scope_of_route: Callable[[Connection], str | None] | None = None,
) -> Rejection | None:
    """Do the same as `check` for a requirement that needs no I/O, without a coroutine.

    Raises:
        ConfigurationError: There is no middleware around the application, or the requirement
            introspects or has a policy.
    """
    if requirement.needs_io:
        raise ConfigurationError(
            "A requirement that introspects or has a policy needs `await check(...)`."
        )
    try:
        guard: Guard = connection[GUARD]
    except KeyError:
        raise ConfigurationError(_NO_MIDDLEWARE) from None
    try:
        guard.authorize(connection[IDENTITY], requirement, connection[REQUEST])
    except RequestRejected as error:
        return _rejection(connection, error, scope_of_route)
    if OPEN_CONNECTION in connection:
        connection[OPEN_CONNECTION].require(requirement, connection)
    return None


def _rejection(
    connection: Connection,
    error: RequestRejected | IssuerUnavailable,
    scope_of_route: Callable[[Connection], str | None] | None,
) -> Rejection:
    if scope_of_route is not None and _is_for_scope(error):
        error.scope = scope_of_route(connection) or error.scope
    guard: Guard = connection[GUARD]
    rejection = guard.reject(error, connection[REQUEST])
    if HANDSHAKE in connection:
        connection[HANDSHAKE].reject(connection, rejection)
    return rejection


def _is_for_scope(error: RequestRejected | IssuerUnavailable) -> TypeGuard[RequestRejected]:
    """Return whether the challenge for *error* names a scope, or the first token to request."""
    return isinstance(error, MissingCredentials) or getattr(error, "scope", None) is not None


def _replace(connection: Connection, known: Identity, identity: Identity) -> None:
    """Make *identity* the caller that the application sees, for the rest of the connection."""
    if identity is known:
        return
    for name in (IDENTITY, "user", "auth"):
        if connection.get(name) is known:  # other middleware may have replaced it
            connection[name] = identity
    set_current_identity(identity)
