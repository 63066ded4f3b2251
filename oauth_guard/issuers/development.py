"""DevelopmentIssuer: validates the development tokens of the user who runs the process."""

import logging
from collections.abc import Sequence
from typing import TypedDict, TypeVar

from oauth_guard.errors import ConfigurationError, InvalidToken, Reason
from oauth_guard.issuers.development_store import ISSUER, MAX_LIFETIME, DevelopmentStore
from oauth_guard.issuers.jwt import JWTIssuer
from oauth_guard.protocol.access_token import Validation
from oauth_guard.protocol.local_request import is_local
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.protocol.urls import is_loopback, parse_url

__all__ = ["DevelopmentIssuer", "DevelopmentSettings", "with_development"]

_log = logging.getLogger("oauth_guard")
_Issuer = TypeVar("_Issuer")


class DevelopmentSettings(TypedDict, total=False):
    """Tokens without an authorization server: a keyword argument of `Guard`.

    Attributes:
        development_tokens: Accept the tokens of `oauth-guard token` too. They are signed with a
            key that only the user who runs the process can read, and accepted only if resource,
            server and peer of the request are on loopback, without a proxy. Not for production.
    """

    development_tokens: bool


def with_development(
    resource: str, issuers: Sequence[_Issuer], *, development_tokens: bool = False
) -> "Sequence[_Issuer | DevelopmentIssuer]":
    """Return *issuers*, with a `DevelopmentIssuer` if *development_tokens* is set.

    Raises:
        ConfigurationError: It is set, and *resource* is not on a loopback host, or the user's key
            can't be used.
    """
    if not development_tokens:
        return issuers
    if not is_loopback(parse_url(resource, setting="resource")):
        raise ConfigurationError(
            "development_tokens=True is for a resource on a loopback host: leave it out."
        )
    _log.warning("%s: development_tokens=True accepts tokens of `oauth-guard token`", resource)
    return [*issuers, DevelopmentIssuer(DevelopmentStore())]


class DevelopmentIssuer:
    """An issuer whose tokens are signed with the user's own key, and listed in the user's files.

    Nothing is cached, since the outcome depends on the request: see `is_local`. A token that is
    revoked is rejected with the next request.
    """

    issuer = ISSUER
    metadata_issuer = None  # it publishes none
    accepts_opaque = False
    accepts_unnamed_jwts = False
    can_introspect = True
    cache = None
    ready = True

    def __init__(self, store: DevelopmentStore) -> None:
        self._store = store
        keys = {"keys": [store.key().public_jwk]}
        self._jwt = JWTIssuer(ISSUER, keys=keys, algorithms=["ES256"], audience=ISSUER)

    async def validate(self, token: RawToken, *, introspect: bool = False) -> Validation:
        """Return the validated *token*. Each call reads the list, so *introspect* changes nothing.

        Raises:
            InvalidToken: The request is not local, the signature is of another key, it is
                revoked, or it was issued for more than 8 hours.
            ConfigurationError: Its file belongs to another user.
        """
        del introspect
        if token.connection is None or not is_local(token.connection):
            raise InvalidToken(Reason.NOT_LOCAL)
        validation = await self._jwt.validate(token)
        validation.token.check_total_lifetime(MAX_LIFETIME)
        if not self._store.is_listed(validation.token.claims.get("jti")):
            raise InvalidToken(Reason.REVOKED)
        return Validation(validation.token, None)

    def start(self) -> None:
        """Do nothing: there is nothing to fetch."""

    async def load(self) -> None:
        """Do nothing: there is nothing to fetch."""

    async def aclose(self) -> None:
        """Do nothing: there are no connections."""
