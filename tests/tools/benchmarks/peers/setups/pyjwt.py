"""PyJWT, as its usage page verifies a token with keys from a JWKS endpoint: PyJWKClient, decode().

It is no middleware, so a minimal one is around it.
"""

from collections.abc import Callable
from typing import Any

import jwt

from tests.tools.benchmarks.peers.guarded import AUDIENCE, ISSUER, Guarded, Issuer
from tests.tools.benchmarks.peers.setups.handwritten import BearerMiddleware
from tests.tools.benchmarks.rows import bare_app

_REQUIRED = ["exp", "iat", "sub", "aud", "iss"]


def verifier(issuer: Issuer, keys_live: float | None) -> Callable[[str], dict[str, Any]]:
    """Return a function that verifies a token, with keys that are fetched once and cached."""
    keys = jwt.PyJWKClient(issuer.jwks_uri, lifespan=keys_live or 300)

    def verify(token: str) -> dict[str, Any]:
        key = keys.get_signing_key_from_jwt(token)
        return jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"require": _REQUIRED},
        )

    return verify


async def build(issuer: Issuer, keys_live: float | None = None) -> Guarded:
    """Set it up."""
    verify = verifier(issuer, keys_live)
    return Guarded(BearerMiddleware(bare_app, verify, jwt.PyJWTError), bare_app)
