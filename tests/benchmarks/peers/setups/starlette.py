"""Starlette's own middleware with a backend that only reads the header: the least that one costs.

Its documentation leaves it to the application what to do with the header, so this one verifies
nothing and lets everybody in.
"""

from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser, SimpleUser
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection

from tests.benchmarks.peers.bare import bare_app
from tests.benchmarks.peers.guarded import Guarded, Issuer


class HeaderBackend(AuthenticationBackend):
    """Take whoever sends a header for somebody."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        """Read the header, and no more."""
        if conn.headers.get("authorization") is None:
            return None
        return AuthCredentials(["authenticated"]), SimpleUser("somebody")


async def build(_issuer: Issuer, _keys_live: float | None = None) -> Guarded:
    """Set it up."""
    return Guarded(AuthenticationMiddleware(bare_app, HeaderBackend()), bare_app)
