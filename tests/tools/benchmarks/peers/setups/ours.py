"""oauth_guard itself, in the environment of the peers: the middleware with its strict defaults."""

from oauth_guard import (
    ClientSecretBasic,
    Guard,
    IntrospectionIssuer,
    JWTIssuer,
    OAuthGuardMiddleware,
)
from oauth_guard.issuers.remote_keys import JWKSCache
from tests.tools.benchmarks.peers.guarded import AUDIENCE, ISSUER, Guarded, Issuer
from tests.tools.benchmarks.rows import bare_app


async def build(issuer: Issuer, keys_live: float | None = None) -> Guarded:
    """Set it up with one issuer of signed tokens, and with one of opaque tokens."""
    times = JWKSCache() if keys_live is None else JWKSCache(max_age=keys_live)
    signed = JWTIssuer(ISSUER, jwks_uri=issuer.jwks_uri, jwks_cache=times)
    introspecting = IntrospectionIssuer(
        ISSUER, client=ClientSecretBasic("api", "secret"), endpoint=issuer.introspection
    )
    return Guarded(
        OAuthGuardMiddleware(bare_app, Guard(AUDIENCE, [signed])),
        bare_app,
        opaque=OAuthGuardMiddleware(bare_app, Guard(AUDIENCE, [introspecting])),
    )
