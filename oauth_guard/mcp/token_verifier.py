"""GuardTokenVerifier: a guard as the token verifier of the packages mcp and fastmcp."""

from mcp.server.auth.provider import AccessToken

from oauth_guard.errors import IssuerUnavailable, RequestRejected
from oauth_guard.guard import Guard
from oauth_guard.mcp.caller import access_token_of

__all__ = ["GuardTokenVerifier"]


class GuardTokenVerifier:
    """Validates tokens by *guard* for the authentication of the package itself.

    For `MCPServer(token_verifier=GuardTokenVerifier(guard), auth=AuthSettings(...))`, and for
    `MultiAuth(verifiers=[...])` and the providers of fastmcp. Where the whole application can be
    guarded, use `guarded`, which does what a verifier can't: it sends 503 while the authorization
    server is unavailable, where the package sends 401 and its clients sign in again; it accepts
    tokens that are bound to a key or a certificate, all of which are rejected here, since a
    verifier sees no request; it names scopes in challenges; and it sets `current_identity()`.

    The guard is not started by the package: its keys are fetched with the first token, unless
    the application runs `async with guard` in its lifespan.

    Attributes:
        required_scopes: The scopes that a provider of fastmcp requires of every token: none.
        scopes_supported: The scopes that it lists in its metadata: none.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self.required_scopes: list[str] = []
        self.scopes_supported: list[str] = []

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return what *token* asserts; None if it is invalid, bound, or can't be validated now.

        The reason is in the operator's log.
        """
        try:
            identity = await self._guard.authenticate_token(token)
        except (RequestRejected, IssuerUnavailable) as error:
            self._guard.reject(error)
            return None
        return access_token_of(identity, self._guard.resource, lambda: token)
