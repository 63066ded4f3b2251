"""Starlette's own middleware with a backend that only reads the header: its minimal cost.

Its documentation leaves the use of the header to the application, so this one verifies nothing
and accepts every request.
"""

from starlette.middleware.authentication import AuthenticationMiddleware

from tests.tools.benchmarks.peers.guarded import Guarded, Issuer
from tests.tools.benchmarks.rows import bare_app
from tests.tools.benchmarks.seen import HeaderBackend


async def build(_issuer: Issuer, _keys_live: float | None = None) -> Guarded:
    """Set it up."""
    return Guarded(AuthenticationMiddleware(bare_app, HeaderBackend()), bare_app)
