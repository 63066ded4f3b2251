"""RemoteKeySet: verify signatures with the keys that an issuer publishes (RFC 7517 §5)."""

import asyncio
import logging
import math
from collections.abc import Callable
from concurrent.futures import Executor
from weakref import WeakMethod

from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason
from oauth_guard.http.fetcher import Document
from oauth_guard.interfaces import Clock
from oauth_guard.issuers.backoff import MAX_BACKOFF, retry_delay
from oauth_guard.issuers.discovery import Discovery
from oauth_guard.issuers.jwks_cache import JWKSCache
from oauth_guard.issuers.measured import MeasuredKeys
from oauth_guard.issuers.static_keys import verify_in_thread
from oauth_guard.issuers.unknown_keys import UnknownKeys
from oauth_guard.jose.jws import JWS
from oauth_guard.jose.key_set import MAX_KEYS, MAX_WORK, KeySet
from oauth_guard.single_flight import Singleflight

__all__ = ["JWKSCache", "RemoteKeySet"]

_log = logging.getLogger("oauth_guard")

_MIN_MAX_AGE, _MAX_MAX_AGE = 300, 24 * 3600
_REFRESH_AT = 0.8
_KEYS = "keys"  # the only key of the singleflight


class RemoteKeySet(MeasuredKeys):
    """A key source that fetches the JWK set of an issuer, caches it and refreshes it.

    Concurrent requests share one fetch. While usable keys are cached, no request waits: the keys
    are refreshed in the background at 80 % of their `max_age`, by a timer, so that the key set
    stays ready without requests. A failed fetch is retried with exponential back-off and jitter, up
    to 60 seconds; meanwhile the last known good keys are used. Without any it is retried after 4
    seconds at most, counted from its start.

    A token whose key is not in the set causes a fetch, unless the set was fetched after the key
    was first named; `UnknownKeys` bounds these fetches.

    Attributes:
        is_current: Returns whether the current keys are still valid; None without keys. False for
            good once a key has been removed or replaced, not if one is added. Also False while a
            refresh is due, so that a cached result leads to a fetch if the timer causes none.
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
        self.is_current: Callable[[], bool] | None = None
        self._refresh_at = self._usable_until = self._stored_at = 0.0
        self._unknown = UnknownKeys(cache.cooldown, clock)
        self._started = 0  # the number of fetches, each of which has a number of its own
        self._fetched = 0  # the number of the fetch that returned the keys
        self._failures = 0
        self._failure: IssuerUnavailable | None = None
        self._fetches: Singleflight[str, bool] = Singleflight(closed=False)
        self._timer: asyncio.TimerHandle | None = None

    @property
    def ready(self) -> bool:
        """Whether usable keys are cached, so that `verify` does not have to wait."""
        return self._keys is not None and self._clock() < self._usable_until

    async def verify(self, token: JWS) -> None:
        """Verify the signature of *token*, not its claims, if need be with keys fetched for it.

        Raises:
            InvalidToken: No key verifies the signature.
            IssuerUnavailable: There are no usable keys, or newer ones can't be fetched now.
        """
        started, keys, now = self._started, self._keys, self._clock()
        if keys is None or not (
            now < self._usable_until and now < self._refresh_at and now < self._unknown.due_at
        ):
            keys = await self._usable_keys()
        while True:
            try:
                if self._executor is None:
                    keys.verify(token)
                else:
                    await verify_in_thread(keys, token, self._executor)
            except InvalidToken as error:
                if error.reason is Reason.UNKNOWN_KEY:
                    if self._fetched > self._unknown.first_seen(token.header, started):
                        raise
                    keys = await self._fetch_for_unknown_key()
                elif (newer := await self._fetch_for_bad_signature(keys, started)) is None:
                    raise
                else:
                    keys = newer
            else:
                return

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
            if now >= self._due_at():
                self._fetches.start(_KEYS, self._fetch)
            return self._keys
        if not self._fetches.is_running(_KEYS) and now < self._refresh_at:
            raise self._unavailable()
        await self._wait_for_fetch()
        if self._keys is None or self._clock() >= self._usable_until:
            raise self._unavailable()
        return self._keys

    async def _fetch_for_unknown_key(self) -> KeySet:
        """Return the keys of the fetch in progress, or of one that is taken from the budget.

        Raises:
            InvalidToken: The budget is empty, and enough tokens wait for the next fetch.
            IssuerUnavailable: The budget is empty, or the fetch failed: the token may be valid.
        """
        if not self._fetches.is_running(_KEYS):
            if self._failure is not None and self._clock() < self._refresh_at:
                raise self._unavailable()
            if not self._unknown.take():
                raise self._delayed()
            self._discovery.expire()  # the issuer may have moved its keys
        await self._wait_for_fetch()
        if self._keys is None or self._failure is not None:
            raise self._unavailable()
        return self._keys

    async def _fetch_for_bad_signature(self, keys: KeySet, started: int) -> KeySet | None:
        """Return newer keys than *keys*; None if there are none, or *keys* came after the token.

        The key under this `kid` may have been replaced. A failed fetch is no outage for this
        token: its key is known, and did not sign it.
        """
        if self._fetched > started:
            return None
        if not self._fetches.is_running(_KEYS):
            if self._failure is not None or not self._unknown.take_for_bad_signature():
                return None
            self._discovery.expire()
        await self._wait_for_fetch()
        return None if self._keys is keys else self._keys

    def _delayed(self) -> InvalidToken | IssuerUnavailable:
        """Schedule the next fetch for an unknown key, and return the error until then."""
        if self._unknown.schedule():
            _log.warning(
                "%s: unknown keys caused several fetches: the next is in %.0f s",
                *(self._discovery.issuer, self._unknown.due_at - self._clock()),
            )
            self._schedule_refresh()
        if not self._unknown.delay():
            return InvalidToken(Reason.UNKNOWN_KEY)
        wait = max(math.ceil(self._due_at() - self._clock()), 1)
        return IssuerUnavailable(self._discovery.issuer, Reason.BACKING_OFF, retry_after=wait)

    def _due_at(self) -> float:
        return min(self._refresh_at, self._unknown.due_at)

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

        delay = max(self._due_at() - self._clock(), 0)
        self._timer = asyncio.get_running_loop().call_later(delay, on_timer)

    def _refresh(self) -> None:
        if self._clock() >= self._due_at():
            self._fetches.start(_KEYS, self._fetch)
        else:
            self._schedule_refresh()

    async def _fetch(self) -> bool:
        """Fetch the keys, and record success or failure; True means that it was not cancelled."""
        self._started += 1
        number, started_at = self._started, self._clock()
        self._unknown.fetch_started()
        try:
            # Two deadlines: a slow issuer must not become unreachable by having its metadata read.
            async with asyncio.timeout(self._cache.deadline):
                await self._discovery.jwks_uri()
            async with asyncio.timeout(self._cache.deadline):
                document = await self._discovery.fetch_keys()
            keys = self._read(document)
        except TimeoutError:
            timed_out = IssuerUnavailable(self._discovery.issuer, Reason.TIMED_OUT)
            self._record_failure(timed_out, started_at)
        except IssuerUnavailable as error:
            self._record_failure(error, started_at)
        else:
            self._fetched = number
            self._store(keys, document.max_age)
        self._schedule_refresh()
        return True

    def _read(self, document: Document) -> KeySet:
        try:
            keys = KeySet.from_document(document.members, max_work=self._max_work)
        except ValueError:
            raise IssuerUnavailable(self._discovery.issuer, Reason.BAD_RESPONSE) from None
        if keys.oversized:
            message = "%s: the key set has too many keys: only the first %d are read"
            _log.warning(message, self._discovery.issuer, MAX_KEYS)
        for problem in keys.skipped:
            _log.info("%s: a key was skipped: %s", self._discovery.issuer, problem)
        if not keys.keys:
            # The issuer withdrew its keys, so they are not used as the last known good ones.
            self._keys = self.is_current = None
            error = IssuerUnavailable(self._discovery.issuer, Reason.NO_USABLE_KEYS)
            raise error.about(skipped="; ".join(keys.skipped[:3]) or "none")
        return keys

    def _store(self, keys: KeySet, max_age: float | None) -> None:
        lifetime = self._cache.max_age
        if max_age is not None:
            lifetime = min(max(max_age, _MIN_MAX_AGE), _MAX_MAX_AGE)
        now = self._clock()
        if self._keys is None or any(key not in keys.keys for key in self._keys.keys):
            self.is_current = self._new_generation()
        self._keys, self._stored_at = keys, now
        self._refresh_at = now + _REFRESH_AT * lifetime
        self._usable_until = now + lifetime + self._cache.stale_if_error
        self._failures = 0
        self._failure = None

    def _new_generation(self) -> Callable[[], bool]:
        def is_current() -> bool:
            now = self._clock()
            return (
                self.is_current is is_current
                and now < self._refresh_at
                and now < self._usable_until
            )

        return is_current

    def _record_failure(self, failure: IssuerUnavailable, started_at: float | None = None) -> None:
        self._discovery.expire()
        now = self._clock()
        usable_for = self._usable_until - now if self._keys is not None else 0
        delay = retry_delay(self._failures, usable_for)
        self._refresh_at = max((now if started_at is None else started_at) + delay, now)
        self._failures += 1
        self._failure = failure.with_traceback(None)
        message = "%s: keys could not be fetched%s: %s"
        _log.warning(message, self._discovery.issuer, failure.detail_text, failure.reason)

    def _unavailable(self) -> IssuerUnavailable:
        """Return a new error: each waiter needs its own, since raising adds a traceback."""
        wait = math.ceil(self._refresh_at - self._clock())
        failure, seconds = self._failure, min(max(wait, 1), MAX_BACKOFF)
        reason = Reason.NO_USABLE_KEYS if failure is None else failure.reason
        error = IssuerUnavailable(self._discovery.issuer, reason, retry_after=seconds)
        return error if failure is None else error.about(**failure.detail)
