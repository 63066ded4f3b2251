"""joserfc, as its guide decodes and validates a token: a KeySet, decode(), JWTClaimsRegistry.

It is no middleware, so a minimal one is around it; and it fetches nothing, so its keys are
imported once.
"""

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tests.tools.benchmarks.peers.guarded import AUDIENCE, ISSUER, Guarded, Issuer
from tests.tools.benchmarks.peers.setups.handwritten import BearerMiddleware
from tests.tools.benchmarks.rows import bare_app


async def build(issuer: Issuer, _keys_live: float | None = None) -> Guarded:
    """Set it up."""
    async with httpx.AsyncClient() as http:
        keys = KeySet.import_key_set((await http.get(issuer.jwks_uri)).json())
    claims = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": AUDIENCE},
        exp={"essential": True},
        sub={"essential": True},
    )

    def verify(token: str) -> jwt.Token:
        decoded = jwt.decode(token, keys, algorithms=["RS256"])
        claims.validate(decoded.claims)
        return decoded

    return Guarded(BearerMiddleware(bare_app, verify, JoseError, ValueError), bare_app)
