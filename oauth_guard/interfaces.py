"""The extension points: Protocols, and the type of a clock."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from oauth_guard.jose.jws import JWS
from oauth_guard.protocol.access_token import Validation
from oauth_guard.protocol.cache_settings import CacheSettings
from oauth_guard.protocol.raw_token import RawToken

__all__ = [
    "Clock",
    "Issuer",
    "KeySource",
    "Lifecycle",
    "Store",
    "TokenValidator",
]

Clock: TypeAlias = Callable[[], float]
"""Returns seconds: since the epoch where a claim is checked, else monotonic."""


class TokenValidator(Protocol):
    """Validates tokens. Resource and time are not checked here."""

    async def validate(self, token: RawToken, *, introspect: bool = False) -> Validation:
        """Return the validated *token*.

        Args:
            token: The token as received.
            introspect: Introspect the token now, and use no cached result.

        Raises:
            InvalidToken: No trusted issuer accepts the token.
            IssuerUnavailable: The issuer, its keys or its endpoint can't be reached.
            ConfigurationError: *introspect* is set, and the issuer can't introspect.
        """
        ...


class Lifecycle(Protocol):
    """A part that fetches something before it can work, and that must be closed."""

    @property
    def ready(self) -> bool:
        """Whether a token can be validated now without waiting."""
        ...

    def start(self) -> None:
        """Start to fetch what is needed, in the background; needs a running event loop."""
        ...

    async def load(self) -> None:
        """Wait until everything that is needed is fetched.

        Raises:
            IssuerUnavailable: It can't be fetched.
        """
        ...

    async def aclose(self) -> None:
        """Close connections and stop background work; the next use opens them again."""
        ...


class Issuer(TokenValidator, Lifecycle, Protocol):
    """An authorization server that a guard trusts."""

    @property
    def issuer(self) -> str:
        """The issuer identifier, exactly as tokens and metadata spell it."""
        ...

    @property
    def accepts_opaque(self) -> bool:
        """Whether this issuer issues tokens that are not JWTs."""
        ...

    @property
    def accepts_unnamed_jwts(self) -> bool:
        """Whether this issuer issues JWTs without a readable `iss`, as encrypted ones are."""
        ...

    @property
    def can_introspect(self) -> bool:
        """Whether `validate(..., introspect=True)` works; read once, when the guard is built."""
        ...

    @property
    def cache(self) -> CacheSettings | None:
        """How this issuer's results are cached; None if they must not be, or need not be."""
        ...


class KeySource(Lifecycle, Protocol):
    """The keys of one issuer: a remote JWK set, or a device that stores them."""

    @property
    def is_current(self) -> Callable[[], bool] | None:
        """A function that says, without I/O, whether a signature verified now is still valid.

        It must return False for good once a key is removed or replaced, and False while the keys
        are too old to be used without a fetch. None if this can't be known without I/O: then no
        identity is cached.
        """
        ...

    async def verify(self, token: JWS) -> None:
        """Verify the signature of *token*.

        Raises:
            InvalidToken: No key of this source made the signature.
            IssuerUnavailable: The keys can't be fetched.
        """
        ...


class Store(Protocol):
    """Values that are stored for a time, for several processes; keys are digests of one length.

    A store returns a value exactly as it was put, or none. For a store that others may write
    to, use `SealedStore`.
    """

    async def get(self, key: bytes) -> bytes | None:
        """Return the value under *key*, or None.

        Raises:
            StoreUnavailable: The store can't be reached.
        """
        ...

    async def put(self, key: bytes, value: bytes, seconds: float) -> None:
        """Store *value* for *seconds* in place of the former one; 0 or less stores nothing.

        Raises:
            StoreUnavailable: The store can't be reached.
        """
        ...

    async def add(self, key: bytes, value: bytes, seconds: float) -> bool:
        """Store *value* for *seconds* unless *key* has a value; return whether it was stored.

        Raises:
            StoreUnavailable: The store can't be reached.
        """
        ...

    async def aclose(self) -> None:
        """Close connections; the next use opens them again."""
        ...
