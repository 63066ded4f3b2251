"""Token generators: access tokens for one resource, by RFC 9068 or opaque, and refresh tokens."""

import secrets
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from joserfc.jwk import KeySet

from demo_api.authorization_server.accounts import SignIn
from demo_api.authorization_server.clients import Client
from demo_api.authorization_server.keys import ALGORITHM
from demo_api.authorization_server.proofs import InvalidDPoPProofError
from demo_api.authorization_server.settings import ACR, Settings


class TokenGenerator(BearerTokenGenerator):
    """Generates opaque tokens for the clients that get them, and JWTs for the others."""

    def __init__(self, settings: Settings, now: int) -> None:
        """Generate tokens issued at *now* by the server with *settings*."""
        super().__init__(new_opaque_token, new_opaque_token, access_token_lifetime)
        self._all_opaque = settings.opaque
        self.signed = JWTGenerator(settings, now)

    def generate(self, grant_type: str, client: Any, *rest: Any, **of: Any) -> dict[str, Any]:
        """Return the members of a token response.

        Raises:
            InvalidDPoPProofError: A client of bound tokens alone sent no proof (RFC 9449 §5.2).
        """
        if client.dpop_bound and self.signed.jkt is None:
            raise InvalidDPoPProofError
        opaque = self._all_opaque or client.opaque_tokens
        make = super().generate if opaque else self.signed.generate
        token: dict[str, Any] = make(grant_type, client, *rest, **of)
        return token


class JWTGenerator(JWTBearerTokenGenerator):
    """Corrects Authlib's generator, whose tokens live 10 days and have the client as audience."""

    def __init__(self, settings: Settings, now: int) -> None:
        """Generate tokens issued at *now* by the server with *settings*."""
        super().__init__(
            issuer=settings.origin,
            alg=ALGORITHM,
            refresh_token_generator=new_opaque_token,
            expires_generator=access_token_lifetime,
        )
        self._settings = settings
        self._now = now
        #: The thumbprint of the key that the next token is bound to.
        self.jkt: str | None = None
        #: The resource that the next token is for.
        self.audience = settings.resource

    def get_jwks(self) -> KeySet:
        """Return the newest key, which signs; older ones are published only."""
        return KeySet(self._settings.keys.keys[:1])

    def get_audiences(self, client: ClientMixin, user: SignIn | None, scope: str) -> str:
        """Return the resource."""
        return self.audience

    def get_auth_time(self, user: SignIn | None) -> int | None:
        """Return the time when a person signed in; None for programs."""
        return user.auth_time if user else None

    def get_acr(self, user: SignIn | None) -> str | None:
        """Return how a person signed in; None for programs."""
        return ACR if self.get_auth_time(user) is not None else None

    def get_extra_claims(
        self,
        client: Client,
        grant_type: str,
        user: SignIn | None,
        scope: str,
    ) -> dict[str, Any]:
        """Set the times by the clock of the settings, and what binds the token."""
        claims: dict[str, Any] = {"iat": self._now, "exp": self._now + client.token_lifetime}
        if self.jkt is not None:
            claims["cnf"] = {"jkt": self.jkt}
        return claims


def new_opaque_token(**_: object) -> str:
    """Return 256 random bits."""
    return secrets.token_urlsafe(32)


def access_token_lifetime(client: Any, grant_type: str) -> int:
    """Return the lifetime that *client* is registered with, in seconds."""
    seconds: int = client.token_lifetime
    return seconds
