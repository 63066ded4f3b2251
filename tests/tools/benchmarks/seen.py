"""A token seen before: the cost of the guard, compared with that of Starlette's middleware."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import repeat

from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection

from oauth_guard import OAuthGuardMiddleware
from oauth_guard.asgi import Application
from oauth_guard.testing import LocalIssuer, SigningKey
from tests.tools.benchmarks.figures import Figure, Target
from tests.tools.benchmarks.measure import Timings
from tests.tools.benchmarks.request import bearer
from tests.tools.benchmarks.rows import BARE, Group, bare_app, check_fetches, guard_for, row

_STARLETTE = "Starlette's AuthenticationMiddleware, which trusts the header"
_GUARDED = "token seen before"
_FULL = "token seen before, with public= and requires="
_AT_MOST = Target(1.5)


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
    async with guard_for(issuer) as guard:
        apps: dict[str, Application] = {
            _STARLETTE: AuthenticationMiddleware(bare_app, backend=HeaderBackend()),
            _GUARDED: OAuthGuardMiddleware(bare_app, guard),
            _FULL: OAuthGuardMiddleware(bare_app, guard, public=["/health"], requires="read"),
        }

        def figures(timings: Timings) -> list[Figure]:
            check_fetches(issuer)
            added = {name: timings.added(name, BARE) for name in apps}
            theirs = added[_STARLETTE]
            return [
                Figure(BARE, timings.time(BARE), "µs"),
                *(Figure(f"{name}: added", took, "µs") for name, took in added.items()),
                *(
                    Figure(name, added[name] / theirs, "× Starlette's", _AT_MOST)
                    for name in (_GUARDED, _FULL)
                ),
            ]

        yield Group([row(name, app, repeat(fields)) for name, app in apps.items()], figures)
