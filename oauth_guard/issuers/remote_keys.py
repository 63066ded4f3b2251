"""RemoteKeySet: verify signatures with the keys that an issuer publishes (RFC 7517 §5)."""

import asyncio
import logging
import math
import random
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from weakref import WeakMethod

from oauth_guard.errors import ConfigurationError, InvalidToken, IssuerUnavailable, Reason
from oauth_guard.http.fetcher import Document
from oauth_guard.interfaces import Clock
from oauth_guard.issuers.discovery import Discovery
from oauth_guard.issuers.static_keys import verify_signature
from oauth_guard.jose.jws import JWS
from oauth_guard.jose.key_set import MAX_KEYS, MAX_WORK, KeySet
from oauth_guard.single_flight import Singleflight

__all__ = ["JWKSCache", "RemoteKeySet"]

_log = logging.getLogger("oauth_guard")

_MIN_MAX_AGE, _MAX_MAX_AGE = 300, 24 * 3600
_REFRESH_AT = 0.8
_FIRST_BACKOFF, _MAX_BACKOFF = 1, 60
_KEYS = "keys"  # the only key of the single flight


@dataclass(frozen=True, slots=True)
class JWKSCache:
    """How long the keys of an issuer are cached, in seconds; the settings are independent.

    Attributes:
        max_age: How long keys are fresh if the issuer's `Cache-Control` has no `max-age`
            (RFC 9111 §5.2.2.1). Its `max-age` is limited to between 5 minutes and 24 hours.
        cooldown: The minimum time from the start of one fetch until an unknown key or a bad
            signature may cause the next.
        stale_if_error: How long expired keys are still used while the issuer can't be reached;
            0 for not at all (RFC 5861 §4).
        deadline: How long a fetch may take, discovery included.
    """

    max_age: float = 600
    cooldown: float = 30
    stale_if_error: float = 3600
    deadline: float = 5

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            ConfigurationError: One is negative or infinite, or `max_age` or `deadline` is 0.
        """
        times = (self.max_age, self.cooldown, self.stale_if_error, self.deadline)
        if not (all(0 <= time < math.inf for time in times) and self.max_age and self.deadline):
            raise ConfigurationError(
                "JWKSCache takes seconds: positive, or 0 to turn cooldown or stale_if_error off."
            )


class RemoteKeySet:
    """A key source that fetches the JWK set of an issuer, caches it and refreshes it.

    Concurrent requests share one fetch. While usable keys are cached, no request waits: the keys
    are refreshed in the background at 80 % of their `max_age`, by a timer, so that the key set
    stays ready without requests. A failed fetch is retried with exponential back-off and full
    jitter, up to 60 seconds; meanwhile the last known good keys are used.
    """

    def __init__(
        self,
        discovery: Discovery,
        *,
        cache: JWKSCache,
        clock: Clock,
        executor: Executor | None = None,
        max_work: float = MAX_WORK,
    ) -> None:
        self._discovery = discovery
        self._cache = cache
        self._clock = clock
        self._executor = executor
        self._max_work = max_work
        self._keys: KeySet | None = None
        self._is_current: Callable[[], bool] | None = None
        self._refresh_at = 0.0
        self._usable_until = 0.0
        self._attempted_at: float | None = None
        self._failures = 0
        self._failure: Reason | None = None
        self._fetches: Singleflight[str, bool] = Singleflight(closed=False)
        self._timer: asyncio.TimerHandle | None = None

    @property
    def ready(self) -> bool:
        """Whether usable keys are cached, so that `verify` does not have to wait."""
        return self._keys is not None and self._clock() < self._usable_until

    @property
    def is_current(self) -> Callable[[], bool] | None:
        """A function that returns whether the current keys are still valid; None without keys.

        It returns False for good once a key has been removed or replaced; a refresh that changes
        nothing or adds a key does not affect it. It also returns False while a refresh is due,
        so that a cached result leads to a fetch if the timer has not caused one.
        """
        return self._is_current

    async def verify(self, token: JWS) -> None:
        """Verify the signature of *token*; if that fails, fetch newer keys and retry once.

        Claims are not checked.

        Raises:
            InvalidToken: No key verifies the signature.
            IssuerUnavailable: There are no usable keys, or newer ones can't be fetched.
        """
        keys = await self._usable_keys()
        try:
            await verify_signature(keys, token, self._executor)
        except InvalidToken:
            newer = await self._newer_keys()
            if newer is None:
                raise
        else:
            return
        await verify_signature(newer, token, self._executor)

    def start(self) -> None:
        """Start to fetch the keys in the background, unless they are cached or being fetched."""
        if self.ready:
            self._schedule_refresh()
        else:
            self._fetches.start(_KEYS, self._fetch)

    async def load(self) -> None:
        """Wait until usable keys are cached.

        Raises:
            IssuerUnavailable: The keys can't be fetched.
        """
        await self._usable_keys()

    async def aclose(self) -> None:
        """Cancel the fetch in progress and the timer, and close the HTTP client."""
        await self._fetches.aclose()
        if self._timer is not None:
            self._timer.cancel()
        await self._discovery.aclose()

    async def _usable_keys(self) -> KeySet:
        now = self._clock()
        if self._keys is not None and now < self._usable_until:
            if now >= self._refresh_at:
                self._fetches.start(_KEYS, self._fetch)
            return self._keys
        if not self._fetches.is_running(_KEYS) and now < self._refresh_at:
            raise self._unavailable()
        await self._wait_for_fetch()
        if self._keys is None or self._clock() >= self._usable_until:
            raise self._unavailable()
        return self._keys

    async def _newer_keys(self) -> KeySet | None:
        """Return keys newer than those that failed to verify a token; None inside the cooldown.

        A fetch in progress is awaited, since it may return the key. After a failed fetch it is
        unknown whether the token is valid, so this is an outage, not an invalid token.
        """
        if not self._fetches.is_running(_KEYS):
            if self._cooldown_is_over():
                self._discovery.forget()  # the issuer may have moved its keys
            elif self._failure is not None:
                raise self._unavailable()
            else:
                return None
        await self._wait_for_fetch()
        if self._failure is not None:
            raise self._unavailable()
        return self._keys

    def _cooldown_is_over(self) -> bool:
        attempted = self._attempted_at
        return attempted is None or self._clock() >= attempted + self._cache.cooldown

    async def _wait_for_fetch(self) -> None:
        if not await self._fetches.run(_KEYS, self._fetch):  # `aclose` was called
            raise self._unavailable()

    def _schedule_refresh(self) -> None:
        """Set a timer in this loop for the next refresh; it keeps no reference to the key set."""
        if self._timer is not None:
            self._timer.cancel()
        reference = WeakMethod(self._refresh)

        def on_timer() -> None:
            if (refresh := reference()) is not None:
                refresh()

        delay = max(self._refresh_at - self._clock(), 0)
        self._timer = asyncio.get_running_loop().call_later(delay, on_timer)

    def _refresh(self) -> None:
        if self._clock() >= self._refresh_at:
            self._fetches.start(_KEYS, self._fetch)
        else:
            self._schedule_refresh()

    async def _fetch(self) -> bool:
        """Fetch the keys, and record the success or failure; return True, for "not cancelled"."""
        # An issuer publishes a key at least one cooldown before it signs the first token with it.
        # The cooldown counts from the start of the fetch, so a slow response that does not have
        # the key yet delays no token.
        started_at = self._clock()
        try:
            async with asyncio.timeout(self._cache.deadline):
                document = await self._discovery.fetch_keys()
                keys = self._read(document)
        except TimeoutError:
            self._record_failure(Reason.TIMED_OUT)
        except IssuerUnavailable as error:
            self._record_failure(error.reason)
        else:
            self._store(keys, document.max_age)
        self._attempted_at = started_at
        self._schedule_refresh()
        return True

    def _read(self, document: Document) -> KeySet:
        try:
            keys = KeySet.from_document(document.members, max_work=self._max_work)
        except ValueError:
            raise IssuerUnavailable(self._discovery.issuer, Reason.BAD_RESPONSE) from None
        if keys.oversized:
            _log.warning(
                "%s: the key set has too many keys: only the first %d are read",
                self._discovery.issuer,
                MAX_KEYS,
            )
        for problem in keys.skipped:
            _log.info("%s: a key was skipped: %s", self._discovery.issuer, problem)
        if not keys.keys:
            # The issuer withdrew its keys, so they are not used as the last known good ones.
            self._keys = self._is_current = None
            raise IssuerUnavailable(self._discovery.issuer, Reason.NO_USABLE_KEYS)
        return keys

    def _store(self, keys: KeySet, max_age: float | None) -> None:
        lifetime = self._cache.max_age
        if max_age is not None:
            lifetime = min(max(max_age, _MIN_MAX_AGE), _MAX_MAX_AGE)
        now = self._clock()
        if self._keys is None or any(key not in keys.keys for key in self._keys.keys):
            self._is_current = self._new_generation()
        self._keys = keys
        self._refresh_at = now + _REFRESH_AT * lifetime
        self._usable_until = now + lifetime + self._cache.stale_if_error
        self._failures = 0
        self._failure = None

    def _new_generation(self) -> Callable[[], bool]:
        def is_current() -> bool:
            now = self._clock()
            return (
                self._is_current is is_current
                and now < self._refresh_at
                and now < self._usable_until
            )

        return is_current

    def _record_failure(self, reason: Reason) -> None:
        self._discovery.forget()
        backoff = min(_FIRST_BACKOFF * 2**self._failures, _MAX_BACKOFF)
        # Full jitter, so that many processes don't retry at the same moment.
        self._refresh_at = self._clock() + random.uniform(0, backoff)  # noqa: S311 - not a secret
        self._failures = min(self._failures + 1, 10)
        self._failure = reason
        _log.warning("%s: keys could not be fetched: %s", self._discovery.issuer, reason)

    def _unavailable(self) -> IssuerUnavailable:
        """Return a new error: each waiter needs its own, since raising adds a traceback."""
        wait = math.ceil(self._refresh_at - self._clock())
        return IssuerUnavailable(
            self._discovery.issuer,
            self._failure or Reason.NO_USABLE_KEYS,
            retry_after=min(max(wait, 1), _MAX_BACKOFF),
        )
