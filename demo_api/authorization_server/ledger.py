"""Ledger: records of consents, codes and tokens, within one transaction."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from demo_api.authorization_server.accounts import SignIn
from demo_api.authorization_server.authorizations import (
    Authorization,
    AuthorizationCode,
    IssuedToken,
)
from demo_api.authorization_server.hashing import digest
from demo_api.authorization_server.settings import (
    AUTHORIZATION_CODE_LIFETIME,
    REFRESH_TOKEN_LIFETIME,
)

_MAX_ATTEMPTS = 3


@dataclass(frozen=True)
class Ledger:
    """The records at *now*. Transactions are serial, so a check and its change are atomic."""

    session: Session
    now: int

    def open_authorization(
        self, client_id: str, user: SignIn | None, scope: str, resources: list[str]
    ) -> Authorization:
        """Record a new consent of a resource owner, or of no one when a client acts for itself."""
        authorization = Authorization(
            client_id=client_id,
            subject=user.subject if user else None,
            scope=scope,
            resources=resources,
            auth_time=user.auth_time if user else None,
            expires_at=self.now,
        )
        self.session.add(authorization)
        return authorization

    def record_code(
        self,
        code: str,
        authorization: Authorization,
        redirect_uri: str | None,
        challenge: str,
        nonce: str | None,
    ) -> None:
        """Record a code and what it is bound to."""
        record = AuthorizationCode(
            digest=digest(code),
            redirect_uri=redirect_uri,
            nonce=nonce,
            code_challenge=challenge,
            code_challenge_method="S256",
            expires_at=self.now + AUTHORIZATION_CODE_LIFETIME,
        )
        self._store(record, authorization)

    def find_code(self, code: str, client_id: str) -> AuthorizationCode | None:
        """Return a code that may be redeemed; a second use revokes the tokens of the first.

        It may be redeemed at the third attempt at the latest, so that its `code_verifier` can't
        be guessed.
        """
        found = self.session.get(AuthorizationCode, digest(code))
        if found is None or found.authorization.client_id != client_id:
            return None
        if found.spent:
            found.authorization.revoked = True
        found.attempts += 1
        ended = found.spent or found.attempts > _MAX_ATTEMPTS or self.now >= found.expires_at
        return None if ended else found

    def record_tokens(
        self,
        authorization: Authorization,
        token: dict[str, Any],
        jkt: str | None,
        audience: str,
    ) -> None:
        """Record the tokens of a token response, bound to the key *jkt* if there is one.

        The access token is for the resource *audience*.
        """
        access_token = self._issued(token["access_token"], token["scope"], token["expires_in"])
        access_token.resource = audience
        access_token.jkt = jkt
        self._store(access_token, authorization)
        if "refresh_token" in token:
            # The whole scope, even if this access token has less (RFC 6749 §6).
            whole = authorization.scope
            refresh_token = self._issued(token["refresh_token"], whole, REFRESH_TOKEN_LIFETIME)
            refresh_token.is_refresh_token = True
            refresh_token.jkt = jkt
            self._store(refresh_token, authorization)

    def _store(self, record: AuthorizationCode | IssuedToken, authorization: Authorization) -> None:
        """Store *record*, and delete every expired record."""
        record.authorization = authorization
        authorization.expires_at = max(authorization.expires_at, record.expires_at)
        self.session.add(record)
        for table in (AuthorizationCode, IssuedToken, Authorization):
            self.session.execute(delete(table).where(table.expires_at <= self.now))

    def _issued(self, token: str, scope: str, lifetime: int) -> IssuedToken:
        return IssuedToken(
            digest=digest(token),
            is_refresh_token=False,
            scope=scope,
            issued_at=self.now,
            expires_at=self.now + lifetime,
        )

    def find_token(self, token: str) -> IssuedToken | None:
        """Return the access or refresh token if this server issued it and it is active."""
        found = self.session.get(IssuedToken, digest(token))
        return found if found and found.is_active(self.now) else None

    def find_refresh_token(self, token: str) -> IssuedToken | None:
        """Return an active refresh token; reuse of a spent one (a theft) revokes its family."""
        found = self.session.get(IssuedToken, digest(token))
        if found is None or not found.is_refresh_token:
            return None
        if found.spent:
            found.authorization.revoked = True
        return found if found.is_active(self.now) else None
