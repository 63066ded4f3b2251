"""A token seen before: the cost of the guard, compared with that of Starlette's middleware."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import repeat

from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.asgi import Application
from oauth_guard.identity_cache import ValidatedToken
from oauth_guard.testing import LocalIssuer, SigningKey
from tests.tools.benchmarks.figures import Figure, Target
from tests.tools.benchmarks.measure import Timings
from tests.tools.benchmarks.request import bearer, handshake_for
from tests.tools.benchmarks.rows import (
    BARE,
    RESOURCE,
    Group,
    bare_app,
    bare_socket,
    check_fetches,
    guard_for,
    row,
)

_STARLETTE = "Starlette's AuthenticationMiddleware, which trusts the header"
_GUARDED = "token seen before"
_FULL = "token seen before, with public= and requires="
_CORS = "token seen before, with cors= and no Origin"
_TWO = "token seen before, with two guards"
_CHECKED = "token seen before, with a check after the cache"
_AT_MOST = {_GUARDED: 1.5, _FULL: 1.5, _CORS: 2.3, _TWO: 2.5}
_BARE_SOCKET = "bare WebSocket"
_STARLETTE_SOCKET = "Starlette's AuthenticationMiddleware, over WebSocket"
_SOCKET = "token seen before, over WebSocket"
_BARE_MESSAGES = "bare WebSocket with messages"
_SOCKET_MESSAGES = "token seen before, over WebSocket with messages"
_MESSAGES = 10


class HeaderBackend(AuthenticationBackend):
    """The least that a backend can do: read the header, and trust it."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, SimpleUser] | None:
        """Return a user if there is a header."""
        if conn.headers.get("authorization") is None:
            return None
        return AuthCredentials(["read"]), SimpleUser("u1")


@asynccontextmanager
async def seen(_rounds: int) -> AsyncIterator[Group]:
    """Return the rows for one token that is sent repeatedly."""
    issuer = LocalIssuer(key=SigningKey("k1", "RS256"))
    fields = bearer(issuer.token("read"))
    async with guard_for(issuer) as guard, guard_for(issuer) as checking, _another() as another:
        # Settings add checks that do more. By `vars` every attribute of the guard would get slower.
        checking._checks += (_check,)  # noqa: SLF001 - the cost of the step, without that of a check
        guards = {"/": guard, "/other": another}
        apps: dict[str, Application] = {
            _STARLETTE: AuthenticationMiddleware(bare_app, backend=HeaderBackend()),
            _GUARDED: OAuthGuardMiddleware(bare_app, guard),
            _FULL: OAuthGuardMiddleware(bare_app, guard, public=["/health"], requires="read"),
            _CORS: OAuthGuardMiddleware(bare_app, guard, cors=["https://app.example.com"]),
            _TWO: OAuthGuardMiddleware(bare_app, guards),
            _CHECKED: OAuthGuardMiddleware(bare_app, checking),
        }
        socket, talking = bare_socket(0), bare_socket(_MESSAGES)
        sockets: dict[str, Application] = {
            _BARE_SOCKET: socket,
            _STARLETTE_SOCKET: AuthenticationMiddleware(socket, backend=HeaderBackend()),
            _SOCKET: OAuthGuardMiddleware(socket, guard),
            _BARE_MESSAGES: talking,
            _SOCKET_MESSAGES: OAuthGuardMiddleware(talking, guard),
        }
        rows = [row(name, app, repeat(fields)) for name, app in apps.items()]
        rows += [
            row(name, app, repeat(fields), send=handshake_for) for name, app in sockets.items()
        ]

        def figures(timings: Timings) -> list[Figure]:
            check_fetches(issuer, times=2)
            return _figures(timings, [*apps])

        yield Group(rows, figures)


def _figures(timings: Timings, names: list[str]) -> list[Figure]:
    added = {name: timings.added(name, BARE) for name in names}
    theirs = added[_STARLETTE]
    socket = timings.added(_SOCKET, _BARE_SOCKET)
    their_socket = timings.added(_STARLETTE_SOCKET, _BARE_SOCKET)
    messages = timings.added(_SOCKET_MESSAGES, _BARE_MESSAGES) - socket
    check = timings.added(_CHECKED, _GUARDED)
    return [
        Figure(BARE, timings.time(BARE), "µs"),
        *(Figure(f"{name}: added", took, "µs") for name, took in added.items()),
        *(
            Figure(name, added[name] / theirs, "× Starlette's", Target(bound))
            for name, bound in _AT_MOST.items()
        ),
        Figure(_SOCKET, socket / their_socket, "× Starlette's", Target(1.5)),
        Figure("a message over WebSocket, and a reply: added", messages / _MESSAGES, "µs"),
        Figure("one check after the cache: added", check, "µs", Target(0.1)),
    ]


def _check(_validated: ValidatedToken, _now: float) -> None:
    """Accept every token."""


@asynccontextmanager
async def _another() -> AsyncIterator[Guard]:
    """Yield a guard of another path, which no request is for."""
    issuer = LocalIssuer("https://other-issuer.test")
    async with Guard(f"{RESOURCE}/other", [JWTIssuer(issuer.issuer, keys=issuer.jwks)]) as guard:
        yield guard
