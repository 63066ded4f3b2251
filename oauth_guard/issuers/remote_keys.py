"""RemoteKeySet: the keys that an issuer publishes, kept fresh (RFC 7517 §5)."""

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
from oauth_guard.issuers.verification import verify
from oauth_guard.jose.jws import JWS
from oauth_guard.jose.key_set import KeySet
from oauth_guard.single_flight import SingleFlight

__all__ = ["JWKSCache", "RemoteKeySet"]

_log = logging.getLogger("oauth_guard")

_MIN_LIFETIME, _MAX_LIFETIME = 300, 24 * 3600
_REFRESH_AT = 0.8
_FIRST_BACKOFF, _MAX_BACKOFF = 1, 60
_KEYS = "keys"  # all that is fetched here


@dataclass(frozen=True, slots=True)
class JWKSCache:
    """The clocks of a key set, in seconds; none is folded into another.

    Attributes:
        max_age: How long keys are fresh, where the issuer's `Cache-Control` does not say.
        cooldown: How long after the begin of one fetch an unknown key or a bad signature may
            cause the next.
        stale_if_error: Seconds for which expired keys still serve while the issuer can't be
            reached; 0 for none (RFC 5861 §4).
        deadline: How long a fetch may take, discovery included.
    """

    max_age: float = 600
    cooldown: float = 30
    stale_if_error: float = 3600
    deadline: float = 5

    def __post_init__(self) -> None:
        """Refuse times that make no sense.

        Raises:
            ConfigurationError: One is negative or endless, or a lifetime or deadline is zero.
        """
        times = (self.max_age, self.cooldown, self.stale_if_error, self.deadline)
        if not (all(0 <= time < math.inf for time in times) and self.max_age and self.deadline):
            raise ConfigurationError("JWKSCache are seconds: positive, or 0 to switch one off.")


class RemoteKeySet:
    """Keys that the issuer publishes: fresh, cooled down, fetched once for all who wait.

    Usable keys are never waited for: they are refreshed in the background, ahead of their end,
    also when no request comes, so that what is ready stays so.
    """

    def __init__(
        self,
        discovery: Discovery,
        *,
        times: JWKSCache,
        clock: Clock,
        executor: Executor | None = None,
    ) -> None:
        self._discovery = discovery
        self._times = times
        self._clock = clock
        self._executor = executor
        self._keys: KeySet | None = None
        self._stands: Callable[[], bool] | None = None
        self._refresh_at = 0.0
        self._usable_until = 0.0
        self._attempted_at: float | None = None
        self._failures = 0
        self._failure: Reason | None = None
        self._fetches: SingleFlight[str, bool] = SingleFlight(closed=False)
        self._timer: asyncio.TimerHandle | None = None

    @property
    def ready(self) -> bool:
        """Whether there are keys that may be used now."""
        return self._keys is not None and self._clock() < self._usable_until

    @property
    def stands(self) -> Callable[[], bool] | None:
        """What tells whether the keys of now are still good; None while there are none.

        It turns false when a key is dropped or replaced, not when a refresh changes nothing,
        and when a refresh is due, so that keys which nobody else asks for are refreshed too.
        """
        return self._stands

    async def verify(self, token: JWS) -> None:
        """Hold the signature of *token* to the keys, and once more to newer ones if it fails.

        Raises:
            InvalidToken: No key made it.
            IssuerUnavailable: There are no keys, or no newer ones, to be had.
        """
        keys = await self._usable()
        try:
            await verify(keys, token, self._executor)
        except InvalidToken:
            newer = await self._newer()
            if newer is None:
                raise
        else:
            return
        await verify(newer, token, self._executor)

    def start(self) -> None:
        """Begin to fetch the keys, unless they are here or on their way."""
        if self.ready:
            self._refresh_later()
        else:
            self._fetches.start(_KEYS, self._fetch)

    async def load(self) -> None:
        """Wait for the keys, unless they are here.

        Raises:
            IssuerUnavailable: They are not to be had.
        """
        await self._usable()

    async def aclose(self) -> None:
        """Stop the fetch that is under way, and those to come, and close the client."""
        await self._fetches.aclose()
        if self._timer is not None:
            self._timer.cancel()
        await self._discovery.aclose()

    async def _usable(self) -> KeySet:
        now = self._clock()
        if self._keys is not None and now < self._usable_until:
            if now >= self._refresh_at:
                self._fetches.start(_KEYS, self._fetch)
            return self._keys
        if not self._fetches.in_flight(_KEYS) and now < self._refresh_at:
            raise self._unavailable()
        await self._wait_for_fetch()
        if self._keys is None or self._clock() >= self._usable_until:
            raise self._unavailable()
        return self._keys

    async def _newer(self) -> KeySet | None:
        """Return keys newer than those that just failed a token; none inside the cool-down.

        A fetch that is under way is waited for, since it may bring the key. After one that
        failed we can't know whether the token is good, so this is an outage.
        """
        if not self._fetches.in_flight(_KEYS):
            if self._cooled_down():
                self._discovery.forget()  # the issuer may have moved its keys
            elif self._failure is not None:
                raise self._unavailable()
            else:
                return None
        await self._wait_for_fetch()
        if self._failure is not None:
            raise self._unavailable()
        return self._keys

    def _cooled_down(self) -> bool:
        attempted = self._attempted_at
        return attempted is None or self._clock() >= attempted + self._times.cooldown

    async def _wait_for_fetch(self) -> None:
        if not await self._fetches.run(_KEYS, self._fetch):  # we are closing
            raise self._unavailable()

    def _refresh_later(self) -> None:
        """Wake up in this loop when a refresh is due, unless nobody holds these keys any more."""
        if self._timer is not None:
            self._timer.cancel()
        refresh = WeakMethod(self._refresh)

        def wake() -> None:
            if (alive := refresh()) is not None:
                alive()

        wait = max(self._refresh_at - self._clock(), 0)
        self._timer = asyncio.get_running_loop().call_later(wait, wake)

    def _refresh(self) -> None:
        if self._clock() >= self._refresh_at:
            self._fetches.start(_KEYS, self._fetch)
        else:
            self._refresh_later()

    async def _fetch(self) -> bool:
        """Fetch the keys, and keep what came of it; return that nobody ended it before."""
        # An issuer publishes a key at least one cool-down before the first token by it. Counted
        # from here, that is enough, however long the answer takes that does not have it yet.
        began_at = self._clock()
        try:
            async with asyncio.timeout(self._times.deadline):
                document = await self._discovery.fetch_keys()
                keys = self._read(document)
        except TimeoutError:
            self._failed(Reason.TIMED_OUT)
        except IssuerUnavailable as error:
            self._failed(error.reason)
        else:
            self._loaded(keys, document.max_age)
        self._attempted_at = began_at
        self._refresh_later()
        return True

    def _read(self, document: Document) -> KeySet:
        try:
            keys = KeySet.from_document(document.members)
        except ValueError:
            raise IssuerUnavailable(self._discovery.issuer, Reason.BAD_RESPONSE) from None
        for text in keys.skipped:
            _log.info("%s: a key was skipped: %s", self._discovery.issuer, text)
        if not keys.keys:
            # They were withdrawn, so they don't serve as the last known good.
            self._keys = self._stands = None
            raise IssuerUnavailable(self._discovery.issuer, Reason.NO_USABLE_KEYS)
        return keys

    def _loaded(self, keys: KeySet, max_age: float | None) -> None:
        lifetime = self._times.max_age
        if max_age is not None:
            lifetime = min(max(max_age, _MIN_LIFETIME), _MAX_LIFETIME)
        now = self._clock()
        if self._keys is None or any(key not in keys.keys for key in self._keys.keys):
            self._stands = self._new_generation()
        self._keys = keys
        self._refresh_at = now + _REFRESH_AT * lifetime
        self._usable_until = now + lifetime + self._times.stale_if_error
        self._failures = 0
        self._failure = None

    def _new_generation(self) -> Callable[[], bool]:
        def stands() -> bool:
            now = self._clock()
            return self._stands is stands and now < self._refresh_at and now < self._usable_until

        return stands

    def _failed(self, reason: Reason) -> None:
        self._discovery.forget()
        backoff = min(_FIRST_BACKOFF * 2**self._failures, _MAX_BACKOFF)
        # Full jitter, so that many processes don't come back as one.
        self._refresh_at = self._clock() + random.uniform(0, backoff)  # noqa: S311 - no secret
        self._failures = min(self._failures + 1, 10)
        self._failure = reason
        _log.warning("%s: keys could not be fetched: %s", self._discovery.issuer, reason)

    def _unavailable(self) -> IssuerUnavailable:
        """Return an error of one's own, since a traceback belongs to one waiter."""
        wait = math.ceil(self._refresh_at - self._clock())
        return IssuerUnavailable(
            self._discovery.issuer,
            self._failure or Reason.NO_USABLE_KEYS,
            retry_after=min(max(wait, 1), _MAX_BACKOFF),
        )
