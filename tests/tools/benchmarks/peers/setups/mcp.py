"""The MCP SDK's middleware, with the two verifiers that its documentation has one write.

`BearerAuthBackend` and `RequireAuthMiddleware` stand around the application as its server places
them; signed tokens are verified by PyJWT, and opaque ones as by its example `simple-auth`.
"""

import httpx
import jwt
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend, RequireAuthMiddleware
from mcp.server.auth.provider import AccessToken, TokenVerifier
from starlette.middleware.authentication import AuthenticationMiddleware

from oauth_guard.asgi import Application
from tests.tools.benchmarks.peers.guarded import Guarded, Issuer
from tests.tools.benchmarks.peers.setups.pyjwt import verifier as pyjwt_verifier
from tests.tools.benchmarks.rows import bare_app


class SignedTokens:
    """What verifies signed tokens."""

    def __init__(self, issuer: Issuer, keys_live: float | None) -> None:
        self._verify = pyjwt_verifier(issuer, keys_live)

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return what the token says, or None to refuse it."""
        try:
            claims = self._verify(token)
        except jwt.PyJWTError:
            return None
        return AccessToken(
            token=token,
            client_id=claims["client_id"],
            scopes=claims["scope"].split(),
            expires_at=claims["exp"],
            resource=claims["aud"],
            subject=claims["sub"],
            claims=claims,
        )


class OpaqueTokens:
    """What asks about opaque tokens, by a client of its own for each, as the example does."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return what is said about the token, or None to refuse it."""
        timeout = httpx.Timeout(10.0, connect=5.0)
        limits = httpx.Limits(max_connections=10, max_keepalive_connections=5)
        try:
            async with httpx.AsyncClient(timeout=timeout, limits=limits) as http:
                answer = await http.post(self._endpoint, data={"token": token})
        except httpx.HTTPError:
            return None
        said = answer.json()
        if answer.status_code != httpx.codes.OK or not said.get("active", False):
            return None
        return AccessToken(
            token=token,
            client_id=said.get("client_id", "unknown"),
            scopes=said.get("scope", "").split(),
            expires_at=said.get("exp"),
            resource=said.get("aud"),
            subject=said.get("sub"),
            claims=said,
        )


def behind(verifier: TokenVerifier) -> Application:
    """Return the application behind the middleware."""
    app = AuthContextMiddleware(RequireAuthMiddleware(bare_app, required_scopes=[]))
    return AuthenticationMiddleware(app, BearerAuthBackend(verifier))


async def build(issuer: Issuer, keys_live: float | None = None) -> Guarded:
    """Set it up."""
    return Guarded(
        behind(SignedTokens(issuer, keys_live)),
        bare_app,
        opaque=behind(OpaqueTokens(issuer.introspection)),
    )
