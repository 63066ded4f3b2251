"""Issuer and Guarded: what the setup of a peer is told, and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass

from oauth_guard.asgi import Application

AUDIENCE = "https://api.test"
ISSUER = "https://issuer.test"


@dataclass(frozen=True)
class Issuer:
    """Where the authorization server is that all peers trust: `ISSUER`, served on loopback.

    Attributes:
        origin: Where its metadata and its keys are.
        introspection: Its introspection endpoint.
    """

    origin: str
    introspection: str

    @property
    def metadata_url(self) -> str:
        """Its metadata."""
        return f"{self.origin}/.well-known/openid-configuration"

    @property
    def jwks_uri(self) -> str:
        """Its keys."""
        return f"{self.origin}/jwks"


@dataclass(frozen=True)
class Guarded:
    """One application twice: behind the guard of a peer, and without it.

    Attributes:
        app: Behind the guard for signed tokens.
        unguarded: The same without it.
        opaque: Behind the guard for opaque tokens, where the peer knows such.
        age_keys: Makes the keys older than they may get, where no setting of the peer does.
    """

    app: Application
    unguarded: Application
    opaque: Application | None = None
    age_keys: Callable[[], None] | None = None
