"""Introspection: whoever may know is told what a token stands for."""

from typing import Any

from authlib.oauth2.rfc7662 import IntrospectionEndpoint as AuthlibIntrospection
from joserfc import jwt

from demo_api.authorization_server.accounts import Account
from demo_api.authorization_server.authorizations import Authorization, IssuedToken
from demo_api.authorization_server.client_authentication import CONFIDENTIAL
from demo_api.authorization_server.clients import Client
from demo_api.authorization_server.keys import ALGORITHM
from demo_api.authorization_server.requests import ServerRequest


class IntrospectionEndpoint(AuthlibIntrospection):
    """RFC 7662, for confidential clients.

    A resource server is told about every access token, since it is sent those of all clients; any
    other client about its own tokens alone, for anyone may register one. To whoever may not know
    it, a token is as good as none.
    """

    CLIENT_AUTH_METHODS = CONFIDENTIAL

    def check_params(self, request: ServerRequest, client: Client) -> None:
        """Want a token; an unknown hint is no error (Authlib's 401 for it would be one)."""
        request.payload.require("token")

    def query_token(self, token_string: str, token_type_hint: str | None) -> IssuedToken | None:
        """Find a token that still stands."""
        self._presented = token_string
        found: IssuedToken | None = self.server.ledger.find_token(token_string)
        return found

    def check_permission(self, token: IssuedToken, client: Client, request: ServerRequest) -> bool:
        """Tell a resource server of what it may be sent, and a client of what is its own."""
        if client.is_resource_server:
            return not token.is_refresh_token
        return token.check_client(client)

    def create_introspection_payload(self, token: IssuedToken | None) -> dict[str, Any]:
        """Say `active`, and more only of a token that is (RFC 7662 §2.2)."""
        return self.introspect_token(token) if token else {"active": False}

    def introspect_token(self, token: IssuedToken) -> dict[str, Any]:
        """Return the token's facts: an access token's claims, a refresh token's record."""
        consent = token.authorization
        facts = {
            "active": True,
            "iss": self.server.settings.origin,
            "client_id": consent.client_id,
            "sub": consent.subject or consent.client_id,
            "scope": token.scope,
            "iat": token.issued_at,
            "exp": token.expires_at,
        }
        if consent.subject:
            facts["username"] = self.server.session.get(Account, consent.subject).login_name
        if not token.is_refresh_token:
            facts |= self._claims(consent) | {"token_type": "Bearer"}
        return facts

    def _claims(self, consent: Authorization) -> dict[str, Any]:
        """Return what a JWT says itself, and of an opaque token what one would have said."""
        settings = self.server.settings
        if "." in self._presented:
            return dict(jwt.decode(self._presented, settings.keys, [ALGORITHM]).claims)
        claims: dict[str, Any] = {"aud": settings.resource}
        if consent.auth_time is not None:
            claims["auth_time"] = consent.auth_time
        return claims
