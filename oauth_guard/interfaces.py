"""Every place where you may plug in your own: three Protocols and an alias."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.jose import SignedToken
from oauth_guard.protocol.presented_token import PresentedToken

__all__ = ["Clock", "Issuer", "KeySource", "TokenValidator"]

Clock: TypeAlias = Callable[[], float]
"""Tells the time in seconds: since the epoch where a claim is judged, else monotonic."""


class TokenValidator(Protocol):
    """Tells who vouched for what; nothing that depends on the resource or the time."""

    async def validate(self, token: PresentedToken) -> AccessToken:
        """Return what the issuer of *token* vouched for.

        Raises:
            InvalidToken: Nobody we trust vouches for it.
            IssuerUnavailable: Whoever might could not be asked.
        """
        ...


class Issuer(TokenValidator, Protocol):
    """An authorization server that a guard trusts."""

    @property
    def issuer(self) -> str:
        """The identifier, as tokens and metadata spell it."""
        ...

    @property
    def ready(self) -> bool:
        """Whether a token could be judged now, without waiting."""
        ...

    def start(self) -> None:
        """Begin, in the background, to fetch what judging needs; called in a running loop."""
        ...

    async def load(self) -> None:
        """Wait for what judging needs.

        Raises:
            IssuerUnavailable: It is not to be had.
        """
        ...

    async def aclose(self) -> None:
        """Let go of connections and background work; the next use opens them again."""
        ...


class KeySource(Protocol):
    """Where the keys of one issuer are, a remote document or a device that keeps them."""

    @property
    def ready(self) -> bool:
        """Whether a signature could be judged now, without waiting."""
        ...

    async def verify(self, token: SignedToken) -> None:
        """Hold the signature of *token* to the keys.

        Raises:
            InvalidToken: No key made it.
            IssuerUnavailable: There are no keys to be had.
        """
        ...

    def start(self) -> None:
        """Begin to fetch, in the background."""
        ...

    async def load(self) -> None:
        """Wait for the keys.

        Raises:
            IssuerUnavailable: They are not to be had.
        """
        ...

    async def aclose(self) -> None:
        """Let go of connections and background work."""
        ...
