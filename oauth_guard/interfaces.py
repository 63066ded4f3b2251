"""Every place where you may plug in your own: Protocols and an alias."""

from collections.abc import Callable
from typing import Protocol, TypeAlias, runtime_checkable

from oauth_guard.jose.jws import JWS
from oauth_guard.protocol.access_token import AccessToken
from oauth_guard.protocol.claims import ClaimRules
from oauth_guard.protocol.raw_token import RawToken

__all__ = [
    "CacheableIssuer",
    "Clock",
    "ConfirmingIssuer",
    "Issuer",
    "KeySource",
    "Store",
    "TokenValidator",
]

Clock: TypeAlias = Callable[[], float]
"""Tells the time in seconds: since the epoch where a claim is judged, else monotonic."""


class TokenValidator(Protocol):
    """Tells who vouched for what; nothing that depends on the resource or the time."""

    async def validate(self, token: RawToken) -> AccessToken:
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
    def accepts_opaque(self) -> bool:
        """Whether a token that is no JWT may be one of its own."""
        ...

    @property
    def accepts_unnamed_jwts(self) -> bool:
        """Whether a JWT that names no issuer may be one of its own."""
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


@runtime_checkable
class ConfirmingIssuer(Issuer, Protocol):
    """An issuer that can be asked about a token now, for routes with `introspect=True`."""

    @property
    def confirms(self) -> bool:
        """Whether it can be asked, as it was set up."""
        ...

    async def confirm(self, token: RawToken) -> AccessToken:
        """Return what the issuer of *token* vouches for now, past every memory.

        Raises:
            InvalidToken: It does not vouch for it, or no longer.
            IssuerUnavailable: It could not be asked.
        """
        ...


@runtime_checkable
class CacheableIssuer(Issuer, Protocol):
    """An issuer that is asked about each token, so what it says is worth remembering.

    An access token of it is its claims read by its rules, and nothing else: from the claims
    alone `AccessToken.from_claims(claims, rules)` makes the same one again.
    """

    @property
    def rules(self) -> ClaimRules:
        """The rules that its tokens carry."""
        ...

    @property
    def cache_identity(self) -> tuple[str, ...]:
        """All that its answer depends on beside the token: its name, endpoint, client, settings.

        It never changes, and is the same in each process that is configured alike.
        """
        ...

    @property
    def cache_for(self) -> float:
        """For how many seconds an answer may be remembered; 0 for not at all."""
        ...

    @property
    def inactive_for(self) -> float:
        """For how many seconds it may be remembered that a token is inactive."""
        ...


class KeySource(Protocol):
    """Where the keys of one issuer are, a remote document or a device that keeps them."""

    @property
    def ready(self) -> bool:
        """Whether a signature could be judged now, without waiting."""
        ...

    @property
    def stands(self) -> Callable[[], bool] | None:
        """What tells at once whether a signature that is good now would still be.

        It must turn false, for good, when a key is gone or replaced, and while keys are too old
        to be used without asking. None where that can't be told: then nothing is remembered.
        """
        ...

    async def verify(self, token: JWS) -> None:
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


class Store(Protocol):
    """Where we remember, for a time: values under keys, which are digests of one length.

    A value comes back as it was put, or not at all: over a store that others may write to,
    there is a `SealedStore`.
    """

    async def get(self, key: bytes) -> bytes | None:
        """Return what is kept under *key*.

        Raises:
            StoreUnavailable: The store can't be asked.
        """
        ...

    async def put(self, key: bytes, value: bytes, seconds: float) -> None:
        """Keep *value* for *seconds*, in the place of what was there; for 0 or less, nothing.

        Raises:
            StoreUnavailable: The store can't be asked.
        """
        ...

    async def add(self, key: bytes, value: bytes, seconds: float) -> bool:
        """Keep *value* for *seconds* unless *key* is taken; tell whether it was kept.

        Raises:
            StoreUnavailable: The store can't be asked.
        """
        ...

    async def aclose(self) -> None:
        """Let go of connections; the next use opens them again."""
        ...
