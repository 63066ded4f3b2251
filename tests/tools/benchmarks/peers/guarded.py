"""Issuer and Guarded: the input and the output of the setup of a peer."""

from collections.abc import Callable
from dataclasses import dataclass

from oauth_guard.asgi import Application

AUDIENCE = "https://api.test"
ISSUER = "https://issuer.test"


@dataclass(frozen=True)
class Issuer:
    """The authorization server that all peers trust: `ISSUER`, served on loopback.

    Attributes:
        origin: The origin of its metadata and keys.
        introspection: Its introspection endpoint.
    """

    origin: str
    introspection: str

    @property
    def metadata_url(self) -> str:
        """The URL of its metadata."""
        return f"{self.origin}/.well-known/openid-configuration"

    @property
    def jwks_uri(self) -> str:
        """The URL of its keys."""
        return f"{self.origin}/jwks"


@dataclass(frozen=True)
class Guarded:
    """One application, with the guard of a peer and without.

    Attributes:
        app: Behind the guard for signed tokens.
        unguarded: The same without it.
        opaque: Behind the guard for opaque tokens, if the peer supports them.
        age_keys: Ages the keys beyond their life, if no setting of the peer does.
    """

    app: Application
    unguarded: Application
    opaque: Application | None = None
    age_keys: Callable[[], None] | None = None
