"""SharedResults: introspection results that processes share, and the lease of one introspection."""

import asyncio
import hashlib
import logging
import random
from collections.abc import Awaitable, Callable
from math import inf
from typing import ParamSpec, TypeVar

from oauth_guard.errors import StoreUnavailable
from oauth_guard.interfaces import Clock, Store, StoredValue
from oauth_guard.issuers.introspection_result import IntrospectionResult, read_result
from oauth_guard.protocol.cache_settings import CacheSettings
from oauth_guard.time_limits import TimeLimits

__all__ = ["SharedResults"]

_log = logging.getLogger("oauth_guard")

_P = ParamSpec("_P")
_T = TypeVar("_T")

_LEASE = b"oauth_guard lease"
_LEASE_SECONDS = 2  # the time limit of one introspection
_DELAYS = (0, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32)  # together a third of it
_JITTER = (0.75, 1.05)
# The limit of one operation, for a store without limits of its own; after a failure that is not
# `StoreUnavailable`, the store is not used for a while.
_STORE_SECONDS, _REST_SECONDS = 2, 5
_TICK = 0.2


class SharedResults:
    """The results in a `Store`. If the store fails, the service goes on without it.

    Whatever an operation of the store raises or returns, a request is not affected: it counts as
    no result. That includes a store of the user's own that does not end in two seconds.

    The first process that finds no result takes the lease and introspects. The others wait for
    its result, at most 0.67 s, and introspect themselves if there is none. A lease that is lost
    costs one more introspection, and never changes a result.

    Args:
        store: The store.
        settings: For how long results may be used.
        clock: Returns seconds since the epoch.
    """

    def __init__(self, store: Store, settings: CacheSettings, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._reading: set[bytes] = set()
        self._resting_until = -inf
        self._limits = TimeLimits(_TICK)

    def is_reading(self, key: bytes) -> bool:
        """Return whether a call of `get` for *key* is in progress."""
        return key in self._reading

    async def get(self, key: bytes) -> IntrospectionResult | None:
        """Return the result that a process has stored, if it may still be used.

        It ends when the store removes it, even if its own time, which the clock of another
        process has measured, says later.
        """
        self._reading.add(key)
        try:
            stored = await self._use(self._store.get, key)
        finally:
            self._reading.discard(key)
        if stored is None or not _is_stored_value(stored):
            return None
        now = self._clock()
        result = read_result(stored.value, self._settings, now + stored.seconds)
        return result if result and result.seconds_left(now, self._settings) > 0 else None

    async def get_or_lease(self, key: bytes, *, missing: bool) -> IntrospectionResult | None:
        """Return the result that is stored or that another process stores soon.

        Returns None if the caller must introspect. It calls `release` when that has ended.

        Args:
            key: The key of the result.
            missing: Whether the caller has just found that there is none.
        """
        for delay in _DELAYS:
            await asyncio.sleep(delay * random.uniform(*_JITTER))  # noqa: S311 - only spreads load
            leased = await self._lease(key)
            if leased and missing:
                return None
            missing = False
            result = await self.get(key)
            if result is not None and leased:
                await self.release(key)
            if result is not None or leased:
                return result
        return None

    async def put(self, key: bytes, result: IntrospectionResult) -> None:
        """Store *result* for other processes, also in place of an older one."""
        left = result.seconds_left(self._clock(), self._settings)
        await self._use(self._store.put, key, result.to_bytes(), left)

    async def release(self, key: bytes) -> None:
        """End the lease: the introspection has ended, and its result is stored if it is shared.

        If it took longer than the lease, this may end the lease of another process, which costs
        one more introspection.
        """
        await self._use(self._store.put, _lease_key(key), b"", 0)

    async def _lease(self, key: bytes) -> bool:
        leased = await self._use(self._store.lease, _lease_key(key), _LEASE_SECONDS)
        return leased is not False

    async def _use(
        self, operation: Callable[_P, Awaitable[_T]], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T | None:
        """Return the result of an operation of the store; None if it fails or the store rests."""
        now = asyncio.get_running_loop().time
        if now() < self._resting_until:
            return None
        try:
            return await self._limits.within(_STORE_SECONDS, operation(*args, **kwargs))
        except StoreUnavailable:
            return None  # the store has logged it
        except Exception as error:  # noqa: BLE001 - a store's fault is no reason to reject a token
            self._resting_until = now() + _REST_SECONDS
            # The text of the error may contain secrets, such as the address of the store.
            _log.error("store: an operation failed: %s", type(error).__name__)
            return None


def _lease_key(key: bytes) -> bytes:
    return hashlib.sha256(_LEASE + key).digest()


def _is_stored_value(stored: object) -> bool:
    if not isinstance(stored, StoredValue):
        return False
    value: object = stored.value
    seconds: object = stored.seconds
    # NaN is not more than 0.
    return isinstance(value, bytes) and type(seconds) in {int, float} and stored.seconds > 0
