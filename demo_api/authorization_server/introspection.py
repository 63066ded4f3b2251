"""The introspection endpoint: returns the claims of an active token to an authorized client."""

from typing import Any

from authlib.oauth2.rfc7662 import IntrospectionEndpoint as AuthlibIntrospection
from joserfc import jwt

from demo_api.authorization_server.accounts import Account
from demo_api.authorization_server.authorizations import IssuedToken
from demo_api.authorization_server.client_authentication import CONFIDENTIAL
from demo_api.authorization_server.clients import Client
from demo_api.authorization_server.keys import ALGORITHM
from demo_api.authorization_server.requests import ServerRequest
from demo_api.authorization_server.settings import ACR


class IntrospectionEndpoint(AuthlibIntrospection):
    """RFC 7662, for confidential clients.

    A resource server may introspect every access token, since it receives those of all clients.
    Any other client may introspect its own tokens only, since anyone may register a client. For a
    caller without permission, a token is inactive.
    """

    CLIENT_AUTH_METHODS = CONFIDENTIAL

    def check_params(self, request: ServerRequest, client: Client) -> None:
        """Require a token; an unknown hint is ignored (Authlib would respond with 401)."""
        request.payload.require("token")

    def query_token(self, token_string: str, token_type_hint: str | None) -> IssuedToken | None:
        """Return the token if it is active."""
        self._presented = token_string
        found: IssuedToken | None = self.server.ledger.find_token(token_string)
        return found

    def check_permission(self, token: IssuedToken, client: Client, request: ServerRequest) -> bool:
        """Return whether *client* may introspect *token*."""
        if client.is_resource_server:
            return not token.is_refresh_token
        return token.check_client(client)

    def create_introspection_payload(self, token: IssuedToken | None) -> dict[str, Any]:
        """Return `active`, and further members for an active token only (RFC 7662 §2.2)."""
        return self.introspect_token(token) if token else {"active": False}

    def introspect_token(self, token: IssuedToken) -> dict[str, Any]:
        """Return the claims of an access token or the record of a refresh token."""
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
            facts |= self._claims(token) | {"token_type": "DPoP" if token.jkt else "Bearer"}
        if token.jkt:
            facts["cnf"] = {"jkt": token.jkt}
        return facts

    def _claims(self, token: IssuedToken) -> dict[str, Any]:
        """Return the claims of a JWT, or for an opaque token those that a JWT would have."""
        settings = self.server.settings
        if "." in self._presented:
            return dict(jwt.decode(self._presented, settings.keys, [ALGORITHM]).claims)
        claims: dict[str, Any] = {"aud": token.resource}
        if token.authorization.auth_time is not None:
            claims |= {"auth_time": token.authorization.auth_time, "acr": ACR}
        return claims
