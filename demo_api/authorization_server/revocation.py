"""Revocation: a client gives a token back, and it ends."""

from authlib.oauth2.rfc7009 import RevocationEndpoint as AuthlibRevocation

from demo_api.authorization_server.authorizations import IssuedToken
from demo_api.authorization_server.client_authentication import ANY
from demo_api.authorization_server.clients import Client
from demo_api.authorization_server.requests import ServerRequest


class RevocationEndpoint(AuthlibRevocation):
    """RFC 7009, for every client and its own tokens."""

    CLIENT_AUTH_METHODS = ANY

    def check_params(self, request: ServerRequest, client: Client) -> None:
        """Want a token; an unknown hint is ignored, as RFC 7009 §2.1 says."""
        request.payload.require("token")

    def query_token(self, token_string: str, token_type_hint: str | None) -> IssuedToken | None:
        """Find a token that still stands; the others are revoked already."""
        found: IssuedToken | None = self.server.ledger.find_token(token_string)
        return found

    def revoke_token(self, token: IssuedToken, request: ServerRequest) -> None:
        """End a refresh token with its whole family, an access token alone.

        Whoever validates JWTs by their signature keeps accepting one until it expires;
        whoever introspects learns at once.
        """
        token.spent = True
        if token.is_refresh_token:
            token.authorization.revoked = True
