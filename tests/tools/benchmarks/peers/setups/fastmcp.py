"""FastMCP's verifiers behind its middleware, as its server places them.

Faster options from its documentation are used: a persistent client for introspection, a cache for
its results, and a log level of WARNING, as for all others, since it logs each rejection at INFO on
a rich console, which takes most of a millisecond.
"""

import time

import httpx2
from fastmcp.server.auth import TokenVerifier
from fastmcp.server.auth.middleware import RequireAuthMiddleware
from fastmcp.server.auth.providers.introspection import IntrospectionTokenVerifier
from fastmcp.server.auth.providers.jwt import JWTVerifier
from fastmcp.utilities.logging import configure_logging

from oauth_guard.asgi import Application
from tests.tools.benchmarks.peers.guarded import AUDIENCE, ISSUER, Guarded, Issuer
from tests.tools.benchmarks.rows import bare_app


def behind(verifier: TokenVerifier) -> Application:
    """Return the application behind the middleware that *verifier* requires."""
    app: Application = RequireAuthMiddleware(bare_app, required_scopes=[])
    for middleware in reversed(verifier.get_middleware()):
        app = middleware.cls(app, *middleware.args, **middleware.kwargs)
    return app


async def build(issuer: Issuer, _keys_live: float | None = None) -> Guarded:
    """Set it up; its keys live for an hour, which no setting changes."""
    configure_logging(level="WARNING")
    signed = JWTVerifier(jwks_uri=issuer.jwks_uri, issuer=ISSUER, audience=AUDIENCE)
    introspecting = IntrospectionTokenVerifier(
        introspection_url=issuer.introspection,
        client_id="api",
        client_secret="secret",
        audience=AUDIENCE,
        cache_ttl_seconds=300,
        http_client=httpx2.AsyncClient(),
    )

    def age_keys() -> None:
        signed._jwks_cache_time = time.monotonic() - 3601  # noqa: SLF001 - no setting does it
        signed._jwks_last_refresh_attempt = None  # noqa: SLF001 - so that it may fetch immediately

    return Guarded(behind(signed), bare_app, opaque=behind(introspecting), age_keys=age_keys)
