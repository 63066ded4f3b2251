"""The extension points: Protocols, and the type of a clock."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from oauth_guard.jose.jws import JWS
from oauth_guard.protocol.access_token import Validation
from oauth_guard.protocol.cache_settings import CacheSettings
from oauth_guard.protocol.raw_token import RawToken

__all__ = [
    "Clock",
    "Issuer",
    "KeySource",
    "Lifecycle",
    "Notice",
    "NoticeBatch",
    "Notices",
    "Once",
    "Store",
    "StoredValue",
    "TokenValidator",
]

Clock: TypeAlias = Callable[[], float]
"""Returns seconds: since the epoch where a claim is checked, else monotonic."""


class TokenValidator(Protocol):
    """Validates tokens. Resource and time are not checked here."""

    async def validate(self, token: RawToken, *, introspect: bool = False) -> Validation:
        """Return the validated *token*.

        An issuer that introspects sets `Validation.reported_at`; else its claims count as signed.

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
        """Whether `validate(..., introspect=True)` works. It never changes.

        It is read when the guard is built; a tenant's when a token of it is introspected.
        """
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


class StoredValue(NamedTuple):
    """A value that a `Store` returned, and for how many more seconds it may be used."""

    value: bytes
    seconds: float


class Store(Protocol):
    """Where processes share introspection results, under keys that are digests of one length.

    A store may lose a value or a lease at any time: then the issuer is asked again. It must never
    return a value past its lifetime, or under another key. Over a store that others can write to,
    use a `SealedStore`. For what must not be lost, there is `Once`.
    """

    async def get(self, key: bytes) -> StoredValue | None:
        """Return the value under *key*, or None if there is none.

        Its remaining lifetime is measured by the store, so that the clocks of the processes are
        not compared.

        Raises:
            StoreUnavailable: The store can't be reached.
        """
        ...

    async def put(self, key: bytes, value: bytes, seconds: float) -> None:
        """Store *value* for *seconds*, replacing any older value; for 0 or less, store nothing.

        A lease of *key* ends.

        Raises:
            StoreUnavailable: The store can't be reached.
        """
        ...

    async def lease(self, key: bytes, seconds: float) -> bool:
        """Take the lease of *key*, which has no value; return whether no process had it.

        It ends after *seconds*, or when `put` is called for *key*.

        Raises:
            StoreUnavailable: The store can't be reached.
        """
        ...

    async def aclose(self) -> None:
        """Close connections; the next use opens them again."""
        ...


class Once(Protocol):
    """Remembers which keys were claimed, which means: used for the first time.

    Unlike a `Store`, it never loses a key before its end. The word has nothing to do with the
    claims of a token.
    """

    async def claim(self, key: bytes, seconds: float) -> bool:
        """Claim *key* for *seconds*; return whether this is its first claim.

        Raises:
            StoreUnavailable: Whether it is the first can't be known, or the store is full. The
                caller must not accept what *key* is for.
        """
        ...

    async def load(self) -> None:
        """Check at start that the store keeps each claim until its end.

        Raises:
            ConfigurationError: It removes claims before that.
        """
        ...

    async def aclose(self) -> None:
        """Close connections; the next use opens them again."""
        ...


class Notice(NamedTuple):
    """An entry of a deny-list.

    Attributes:
        key: Which tokens it concerns: a digest, below 2^60. See `revocation_key`.
        cut_off: Up to when they were issued, in seconds since the epoch, below 2^32.
        seconds: For how many more seconds it is in force.
    """

    key: int
    cut_off: int
    seconds: float


class NoticeBatch(NamedTuple):
    """What one call of `Notices.read` returned.

    Attributes:
        notices: The notices, in any order; a notice may be returned more than once.
        position: What to pass to the next call.
        is_complete: Whether these were all; else there are more to read now.
    """

    notices: Sequence[Notice]
    position: str | None
    is_complete: bool


class Notices(Protocol):
    """Where processes share which tokens are revoked.

    A notice that was published is returned to each process until its end. It must not be removed
    before: the tokens that it revokes would be accepted again by a process that starts later.
    """

    async def publish(self, notices: Sequence[Notice]) -> None:
        """Publish *notices* to all processes.

        Raises:
            StoreUnavailable: Whether they were published can't be known.
        """
        ...

    async def read(self, position: str | None) -> NoticeBatch:
        """Return the notices after *position*; None for all notices.

        Raises:
            StoreUnavailable: They can't be read.
        """
        ...

    async def load(self) -> None:
        """Check at start that the store keeps each notice until its end.

        Raises:
            ConfigurationError: It removes notices before that.
        """
        ...

    async def aclose(self) -> None:
        """Close connections; the next use opens them again."""
        ...
