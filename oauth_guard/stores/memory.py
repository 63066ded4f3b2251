"""MemoryStore: a `Store` in the memory of one process."""

import time

from oauth_guard.interfaces import Clock, StoredValue
from oauth_guard.protocol.settings import checked_settings
from oauth_guard.ttl_cache import MAX_ENTRIES, TTLCache

__all__ = ["MemoryStore"]


@checked_settings
class MemoryStore:
    """A store for one process; its values are lost when the process ends.

    Args:
        max_entries: The maximum number of values; the least recently used is evicted first.
        clock: Returns monotonic seconds.

    Raises:
        ConfigurationError: *max_entries* is less than 1.
    """

    def __init__(self, max_entries: int = MAX_ENTRIES, *, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._cache: TTLCache[tuple[bytes, float]] = TTLCache(max_entries, clock=clock)
        self._leases: TTLCache[bool] = TTLCache(max_entries, clock=clock)  # they evict no value

    def __len__(self) -> int:
        return len(self._cache)

    async def get(self, key: bytes) -> StoredValue | None:
        """Return the value under *key*, or None if there is none or it has expired."""
        entry = self._cache.get(key)
        return None if entry is None else StoredValue(entry[0], entry[1] - self._clock())

    async def put(self, key: bytes, value: bytes, seconds: float) -> None:
        """Store *value* for *seconds*, replacing any older value; for 0 or less, store nothing.

        A lease of *key* ends.
        """
        self._cache.put(key, (value, self._clock() + seconds), seconds)
        self._leases.forget(key)

    async def lease(self, key: bytes, seconds: float) -> bool:
        """Take the lease of *key* for *seconds*; return whether it was free."""
        if self._leases.get(key):
            return False
        self._leases.put(key, value=True, seconds=seconds)
        return True

    async def aclose(self) -> None:
        """Do nothing: there is no connection to close."""
