"""The MCP SDK's middleware, with two verifiers as its documentation describes.

`BearerAuthBackend` and `RequireAuthMiddleware` are around the application as its server places
them; PyJWT verifies signed tokens, and its example `simple-auth` shows how to introspect opaque
ones.
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
    """The verifier of signed tokens."""

    def __init__(self, issuer: Issuer, keys_live: float | None) -> None:
        self._verify = pyjwt_verifier(issuer, keys_live)

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the access token, or None to reject it."""
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
    """The verifier of opaque tokens, with a new client for each, as in the example."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return what is members about the token, or None to refuse it."""
        timeout = httpx.Timeout(10.0, connect=5.0)
        limits = httpx.Limits(max_connections=10, max_keepalive_connections=5)
        try:
            async with httpx.AsyncClient(timeout=timeout, limits=limits) as http:
                response = await http.post(self._endpoint, data={"token": token})
        except httpx.HTTPError:
            return None
        members = response.json()
        if response.status_code != httpx.codes.OK or not members.get("active", False):
            return None
        return AccessToken(
            token=token,
            client_id=members.get("client_id", "unknown"),
            scopes=members.get("scope", "").split(),
            expires_at=members.get("exp"),
            resource=members.get("aud"),
            subject=members.get("sub"),
            claims=members,
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
