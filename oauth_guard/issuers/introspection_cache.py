"""IntrospectionCache: reuse an issuer's introspection results for a limited time (RFC 7662 §4)."""

import hashlib
import time
from collections.abc import Iterable
from functools import partial
from typing import NamedTuple, TypeAlias

from oauth_guard.byte_budget import ByteBudget
from oauth_guard.errors import (
    ConfigurationError,
    InvalidToken,
    IssuerUnavailable,
    Reason,
    RequestRejected,
)
from oauth_guard.interfaces import Clock, Issuer, Store
from oauth_guard.issuers.introspection_result import IntrospectionResult
from oauth_guard.issuers.shared_results import SharedResults
from oauth_guard.protocol.access_token import Validation
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.single_flight import Singleflight
from oauth_guard.ttl_cache import MAX_ENTRIES, TTLCache

__all__ = ["IntrospectionCache", "cached"]

_PURPOSE = b"oauth_guard access token"

_Failure: TypeAlias = RequestRejected | IssuerUnavailable


class _Entry(NamedTuple):
    """A cached validation, and when its introspection was requested (epoch seconds)."""

    validation: Validation
    requested_at: float


class IntrospectionCache:
    """An `Issuer` that caches the introspection results of another one.

    What it caches is what the issuer said, never a decision: the caller checks audience, lifetime
    and the other rules of each validation, cached or new. The key is a digest; no token is kept.

    Args:
        issuer: The issuer to introspect at; its `cache` settings say how long results are kept.
        store: A store that other processes share, used behind this process's own memory.
        max_entries: How many active tokens this process caches, and how many inactive ones in a
            separate cache, so that a flood of bad tokens evicts no good one.
        budget: The memory that active tokens may take, shared with other caches.
        clock: Returns seconds since the epoch.
        monotonic: Returns monotonic seconds.

    Raises:
        ConfigurationError: The issuer has no cache settings.
    """

    cache = None  # not cached once more

    def __init__(  # noqa: PLR0913 - settings
        self,
        issuer: Issuer,
        store: Store | None = None,
        *,
        max_entries: int = MAX_ENTRIES,
        budget: ByteBudget | None = None,
        clock: Clock = time.time,
        monotonic: Clock = time.monotonic,
    ) -> None:
        settings = issuer.cache
        if settings is None:
            raise ConfigurationError(f"{issuer.issuer} has no cache settings: its `cache` is None.")
        self.issuer, self.can_introspect = issuer.issuer, issuer.can_introspect
        self.accepts_opaque = issuer.accepts_opaque
        self.accepts_unnamed_jwts = issuer.accepts_unnamed_jwts
        self._issuer, self._settings, self._clock = issuer, settings, clock
        self._shared = None if store is None else SharedResults(store, settings, clock)
        self._active: TTLCache[_Entry] = TTLCache(max_entries, budget=budget, clock=monotonic)
        self._inactive: TTLCache[float] = TTLCache(max_entries, clock=monotonic)
        self._inactive_at: TTLCache[float] = TTLCache(max_entries, clock=monotonic)
        self._lookups: Singleflight[bytes, Validation | _Failure] = Singleflight(
            closed=IssuerUnavailable(issuer.issuer, Reason.UNREACHABLE)
        )
        identity = (part.encode() for part in settings.identity)
        self._digest = hashlib.sha256(_framed((_PURPOSE, *identity)))

    def __repr__(self) -> str:
        return f"IntrospectionCache({self._issuer!r})"

    @property
    def ready(self) -> bool:
        """Whether the issuer can validate a token now without waiting."""
        return self._issuer.ready

    async def validate(self, token: RawToken, *, introspect: bool = False) -> Validation:
        """Return the validation of *token*, cached or new.

        Args:
            token: The token as received.
            introspect: Introspect the token now; the new result replaces a cached one.

        Raises:
            InvalidToken: The issuer does not accept the token.
            IssuerUnavailable: No result is cached, and the issuer can't be reached.
            ConfigurationError: *introspect* is set, and the issuer can't introspect.
        """
        key, store = self._key(token), self._shared
        if introspect:
            result = await self._request(token, introspect=True)
            if (put := self._put(key, result)) is not None and store is not None:
                await store.put(key, result)
            return _return_or_raise(put or self._outcome(result))
        outcome = self._get(key)
        missing = False
        if outcome is None and store is not None and not store.is_reading(key):
            shared = await store.get(key)  # here, since an attempt takes a task
            missing = True
            outcome = None if shared is None else self._put(key, shared)
        if outcome is None:
            attempt = partial(self._lookup_or_introspect, key, token, missing=missing)
            outcome = await self._lookups.run(key, attempt)
        return _return_or_raise(outcome)

    def start(self) -> None:
        """Let the issuer start to fetch what it needs."""
        self._issuer.start()

    async def load(self) -> None:
        """Wait for what the issuer needs.

        Raises:
            IssuerUnavailable: It can't be fetched.
        """
        await self._issuer.load()

    async def aclose(self) -> None:
        """Cancel the pending lookups and close the issuer; the store is not closed."""
        await self._lookups.aclose()
        await self._issuer.aclose()

    def _key(self, token: RawToken) -> bytes:
        digest = self._digest.copy()
        digest.update(token.text.encode())  # the last part: what is before it is framed
        return digest.digest()

    def _get(self, key: bytes) -> Validation | _Failure | None:
        """Return the outcome that this process has cached under *key*, if it is still current."""
        entry = self._active.get(key)
        if entry is not None:
            validation, is_current = entry.validation, entry.validation.is_current
            return validation if is_current is not None and is_current() else None
        requested_at = self._inactive.get(key)
        if requested_at is not None and self._left(IntrospectionResult(requested_at, None)) > 0:
            return InvalidToken(Reason.INACTIVE)
        return None

    def _left(self, result: IntrospectionResult) -> float:
        return result.seconds_left(self._clock(), self._settings)

    async def _lookup_or_introspect(
        self, key: bytes, token: RawToken, *, missing: bool
    ) -> Validation | _Failure:
        """Return the outcome that the store has for *token*, or introspect it."""
        store = self._shared
        if store is None:
            return await self._introspect_and_put(key, token)
        shared = await store.get_or_lease(key, missing=missing)
        if shared is not None and (outcome := self._put(key, shared)) is not None:
            return outcome
        try:
            return await self._introspect_and_put(key, token)
        finally:
            if shared is None:
                await store.release(key)

    async def _introspect_and_put(self, key: bytes, token: RawToken) -> Validation | _Failure:
        try:
            result = await self._request(token, introspect=False)
        except (RequestRejected, IssuerUnavailable) as error:
            return error
        outcome = self._put(key, result)
        if self._shared is not None and outcome is not None and result.token is not None:
            await self._shared.put(key, result)
        return outcome or self._outcome(result)

    async def _request(self, token: RawToken, *, introspect: bool) -> IntrospectionResult:
        """Return a new result of the issuer, active or inactive; any other failure is raised."""
        requested_at = self._clock()
        try:
            validation = await self._issuer.validate(token, introspect=introspect)
        except InvalidToken as error:
            if error.reason is not Reason.INACTIVE:
                raise
            return IntrospectionResult(requested_at, None)
        return IntrospectionResult(requested_at, validation.token)

    def _put(self, key: bytes, result: IntrospectionResult) -> Validation | InvalidToken | None:
        """Cache *result* in this process and return its outcome; None if it is superseded."""
        if self._superseded(key, result):
            return None
        settings, requested_at, left = self._settings, result.requested_at, self._left(result)
        if result.token is None:
            # An active result that was requested earlier may arrive later. To ignore it, the time
            # of this inactive result is kept for as long as an active one could be cached.
            seconds = max(settings.cache_for, settings.inactive_for)
            self._inactive_at.put(key, requested_at, seconds)
            self._inactive.put(key, requested_at, left)
            self._active.forget(key)
            return InvalidToken(Reason.INACTIVE)
        is_current = None
        if left > 0:
            end = result.end(settings)
            is_current = _IsCurrent(self._active, key, requested_at, end, self._clock)
        reported_at = requested_at if self.can_introspect else None
        validation = Validation(result.token, is_current, reported_at)
        self._active.put(key, _Entry(validation, requested_at), left, result.token.size)
        self._inactive.forget(key)
        return validation

    def _outcome(self, result: IntrospectionResult) -> Validation | InvalidToken:
        """Return the outcome of *result* for one request; it must not be reused."""
        if result.token is None:
            return InvalidToken(Reason.INACTIVE)
        return Validation(result.token, None, result.requested_at if self.can_introspect else None)

    def _superseded(self, key: bytes, result: IntrospectionResult) -> bool:
        """Return whether a result that was requested later than *result* is cached.

        A cached time in the future does not count: the clock was set back after it.
        """
        entry = self._active.get(key)
        newest = self._inactive_at.get(key) if entry is None else entry.requested_at
        return newest is not None and result.requested_at < newest <= self._clock()


class _IsCurrent:
    """Says whether the cache still contains a certain validation that has not expired.

    Each call counts as a use of the entry, so entries in use are evicted last. This object does
    not refer to the entry, so an evicted entry is freed.

    Args:
        entries: The cache that contains the entry.
        key: The entry's key.
        since: When its introspection was requested. At an earlier time the entry is not current:
            the clock was set back, so its age is unknown.
        until: When it expires.
        clock: Returns seconds since the epoch.
    """

    __slots__ = ("_clock", "_entries", "_key", "_since", "_until")

    def __init__(
        self, entries: TTLCache[_Entry], key: bytes, since: float, until: float, clock: Clock
    ) -> None:
        self._entries = entries
        self._key = key
        self._since = since
        self._until = until
        self._clock = clock

    def __call__(self) -> bool:
        """Return whether the entry is still cached and has not expired."""
        entry = self._entries.get(self._key)
        return (
            entry is not None
            and entry.validation.is_current is self
            and self._since <= self._clock() < self._until
        )


def cached(
    issuer: Issuer,
    store: Store | None,
    *,
    budget: ByteBudget | None = None,
    clock: Clock,
    monotonic: Clock = time.monotonic,
) -> Issuer:
    """Return *issuer* behind a cache, if its settings ask for one; else *issuer* itself."""
    settings = issuer.cache
    if settings is None or settings.cache_for <= 0:
        return issuer
    return IntrospectionCache(issuer, store, budget=budget, clock=clock, monotonic=monotonic)


def _return_or_raise(outcome: Validation | _Failure) -> Validation:
    """Return a validation; raise a copy of a failure, so that each waiter has its traceback."""
    if isinstance(outcome, Validation):
        return outcome
    kind = type(outcome)
    error = kind.__new__(kind, *outcome.args)
    vars(error).update(vars(outcome))
    raise error


def _framed(parts: Iterable[bytes]) -> bytes:
    """Join *parts*, each after its length, so that different parts never give the same bytes."""
    return b"".join(len(part).to_bytes(8) + part for part in parts)
