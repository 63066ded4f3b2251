"""The tokens: access tokens for one resource, by RFC 9068 or opaque, and refresh tokens."""

import secrets
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from joserfc.jwk import KeySet

from demo_api.authorization_server.accounts import SignIn
from demo_api.authorization_server.keys import ALGORITHM
from demo_api.authorization_server.settings import ACCESS_TOKEN_LIFETIME, Settings


def token_generator(settings: Settings, now: int) -> BearerTokenGenerator:
    """Return what makes the tokens of the server that *settings* describes, issued at *now*."""
    if settings.opaque:
        return BearerTokenGenerator(new_opaque_token, new_opaque_token, access_token_lifetime)
    return JWTGenerator(settings, now)


class JWTGenerator(JWTBearerTokenGenerator):
    """Authlib's generator lets tokens live 10 days and addresses them to the client."""

    def __init__(self, settings: Settings, now: int) -> None:
        """Make tokens of the server *settings* describes, issued at *now*."""
        super().__init__(
            issuer=settings.origin,
            alg=ALGORITHM,
            refresh_token_generator=new_opaque_token,
            expires_generator=access_token_lifetime,
        )
        self._settings = settings
        self._now = now

    def get_jwks(self) -> KeySet:
        """Return the keys; the one that signs is named in the header."""
        return self._settings.keys

    def get_audiences(self, client: ClientMixin, user: SignIn | None, scope: str) -> str:
        """Return the one resource there is."""
        return self._settings.resource

    def get_auth_time(self, user: SignIn | None) -> int | None:
        """Return when a person signed in; programs never did."""
        return user.auth_time if user else None

    def get_extra_claims(
        self,
        client: ClientMixin,
        grant_type: str,
        user: SignIn | None,
        scope: str,
    ) -> dict[str, Any]:
        """Put our clock in place of Authlib's."""
        return {"iat": self._now, "exp": self._now + ACCESS_TOKEN_LIFETIME}


def new_opaque_token(**_: object) -> str:
    """Return 256 random bits, whoever they are for."""
    return secrets.token_urlsafe(32)


def access_token_lifetime(client: ClientMixin, grant_type: str) -> int:
    """Return five minutes for every client and grant."""
    return ACCESS_TOKEN_LIFETIME
