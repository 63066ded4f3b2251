"""The four grants over the ledger; each docstring names what is stricter than in Authlib."""

from typing import cast

from authlib.oauth2 import OAuth2Request
from authlib.oauth2.rfc6749 import ClientMixin, InvalidGrantError, InvalidRequestError, grants

from demo_api.authorization_server.accounts import AccountKind, SignIn, check_password
from demo_api.authorization_server.authorizations import AuthorizationCode, IssuedToken
from demo_api.authorization_server.client_authentication import ANY, CONFIDENTIAL
from demo_api.authorization_server.ledger import Ledger
from demo_api.authorization_server.requests import ServerRequest


class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):
    """RFC 6749 §4.1: a person consents in a browser, the client redeems a code."""

    TOKEN_ENDPOINT_AUTH_METHODS = ANY

    @property
    def _ledger(self) -> Ledger:
        ledger: Ledger = self.server.ledger
        return ledger

    @staticmethod
    def validate_authorization_redirect_uri(request: OAuth2Request, client: ClientMixin) -> str:
        """Return the redirect_uri; Authlib's error would repeat the caller's text."""
        payload = request.payload
        requested = payload.redirect_uri if payload else None
        if requested and not client.check_redirect_uri(requested):
            raise InvalidRequestError("The redirect_uri is not registered for this client.")
        chosen = requested or client.get_default_redirect_uri()
        if not chosen:
            raise InvalidRequestError("The client has several redirect_uris: name one.")
        return chosen

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        """Bind the code to the client, its redirect_uri and the PKCE challenge."""
        payload = self.request.payload
        if payload is None or request.client is None:
            raise InvalidRequestError("The authorization request is gone.")
        consent = self._ledger.open_authorization(
            request.client.get_client_id(),
            request.user,
            request.scope,
            self.server.resources_of(request),
        )
        challenge = payload.data["code_challenge"]
        nonce = payload.data.get("nonce")
        self._ledger.record_code(code, consent, payload.redirect_uri, challenge, nonce)

    def query_authorization_code(self, code: str, client: ClientMixin) -> AuthorizationCode | None:
        """Return the code if it is unspent; a second use revokes the tokens of the first."""
        return self._ledger.find_code(code, client.get_client_id())

    def delete_authorization_code(self, authorization_code: AuthorizationCode) -> None:
        """Mark the code as spent; the record stays, so that reuse is detected."""
        authorization_code.spent = True

    def authenticate_user(self, authorization_code: AuthorizationCode) -> SignIn | None:
        """Return the person who consented."""
        return _consenting_user(authorization_code)


class PasswordGrant(grants.ResourceOwnerPasswordCredentialsGrant):
    """RFC 6749 §4.3, for service accounts only: a person's password is never given to a client."""

    TOKEN_ENDPOINT_AUTH_METHODS = CONFIDENTIAL

    def authenticate_user(self, username: str, password: str) -> SignIn:
        """Return the service account, or raise invalid_grant (Authlib raises invalid_request)."""
        attempts = self.server.attempts(cast("ServerRequest", self.request).source)
        account = check_password(attempts, username, password, AccountKind.SERVICE)
        if account is None:
            raise InvalidGrantError("The service account or its password is wrong.")
        return SignIn(account.subject)


class ClientCredentialsGrant(grants.ClientCredentialsGrant):
    """RFC 6749 §4.4: the client acts for itself; `sub` is its id (RFC 9068 §2.2)."""

    TOKEN_ENDPOINT_AUTH_METHODS = CONFIDENTIAL


class RefreshTokenGrant(grants.RefreshTokenGrant):
    """RFC 6749 §6 with rotation: each refresh token works once (RFC 9700 §4.14.2).

    A refresh token that was issued with a DPoP proof needs a proof of the same key (RFC 9449 §5).
    """

    TOKEN_ENDPOINT_AUTH_METHODS = ANY
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> IssuedToken:
        """Return the token; reuse of a spent one revokes its family."""
        ledger: Ledger = self.server.ledger
        token = ledger.find_refresh_token(refresh_token)
        if token is None:
            raise InvalidGrantError("The refresh token is not valid.")
        if token.jkt is not None and token.jkt != self.server.jkt:
            raise InvalidGrantError("The refresh token is bound to a key that is not proven.")
        return token

    def authenticate_user(self, refresh_token: IssuedToken) -> SignIn | None:
        """Return the person who consented."""
        return _consenting_user(refresh_token)

    def revoke_old_credential(self, refresh_token: IssuedToken) -> None:  # type: ignore[override]  # the stub wants any TokenMixin; it is always ours
        """Mark the used token as spent."""
        refresh_token.spent = True


def _consenting_user(record: AuthorizationCode | IssuedToken) -> SignIn | None:
    consent = record.authorization
    return SignIn(consent.subject, consent.auth_time) if consent.subject else None
