"""The revocation endpoint: a client revokes one of its tokens."""

from authlib.oauth2.rfc7009 import RevocationEndpoint as AuthlibRevocation

from demo_api.authorization_server.authorizations import IssuedToken
from demo_api.authorization_server.client_authentication import ANY
from demo_api.authorization_server.clients import Client
from demo_api.authorization_server.requests import ServerRequest


class RevocationEndpoint(AuthlibRevocation):
    """RFC 7009, for every client and its own tokens."""

    CLIENT_AUTH_METHODS = ANY

    def check_params(self, request: ServerRequest, client: Client) -> None:
        """Require a token; an unknown hint is ignored, as RFC 7009 §2.1 says."""
        request.payload.require("token")

    def query_token(self, token_string: str, token_type_hint: str | None) -> IssuedToken | None:
        """Return the token if it is active; the others need no revocation."""
        found: IssuedToken | None = self.server.ledger.find_token(token_string)
        return found

    def revoke_token(self, token: IssuedToken, request: ServerRequest) -> None:
        """Revoke a refresh token with its whole family, or an access token alone.

        A resource server that validates JWTs by their signature accepts one until it expires;
        one that introspects rejects it immediately.
        """
        token.spent = True
        if token.is_refresh_token:
            token.authorization.revoked = True
