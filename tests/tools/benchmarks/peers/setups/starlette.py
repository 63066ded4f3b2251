"""Starlette's own middleware with a backend that only reads the header: the least that one costs.

Its documentation leaves it to the application what to do with the header, so this one verifies
nothing and lets everybody in.
"""

from starlette.middleware.authentication import AuthenticationMiddleware

from tests.tools.benchmarks.peers.guarded import Guarded, Issuer
from tests.tools.benchmarks.rows import bare_app
from tests.tools.benchmarks.seen import ReadsTheHeader


async def build(_issuer: Issuer, _keys_live: float | None = None) -> Guarded:
    """Set it up."""
    return Guarded(AuthenticationMiddleware(bare_app, ReadsTheHeader()), bare_app)
