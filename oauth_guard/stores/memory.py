"""MemoryStore: a `Store` in the memory of one process."""

import time

from oauth_guard.interfaces import Clock
from oauth_guard.ttl_cache import MAX_ENTRIES, TTLCache

__all__ = ["MemoryStore"]


class MemoryStore:
    """A store for one process; its values are lost when the process ends.

    Args:
        max_entries: The maximum number of values; the least recently used is evicted first.
        clock: Returns monotonic seconds.

    Raises:
        ConfigurationError: *max_entries* is less than 1.
    """

    def __init__(self, max_entries: int = MAX_ENTRIES, *, clock: Clock = time.monotonic) -> None:
        self._cache: TTLCache[bytes] = TTLCache(max_entries, clock=clock)

    def __len__(self) -> int:
        return len(self._cache)

    async def get(self, key: bytes) -> bytes | None:
        """Return the value under *key*, or None if there is none or it has expired."""
        return self._cache.get(key)

    async def put(self, key: bytes, value: bytes, seconds: float) -> None:
        """Store *value* for *seconds*, replacing any older value; for 0 or less, store nothing."""
        self._cache.put(key, value, seconds)

    async def add(self, key: bytes, value: bytes, seconds: float) -> bool:
        """Store *value* for *seconds* unless *key* has one; return whether it was stored."""
        if self._cache.get(key) is not None:
            return False
        self._cache.put(key, value, seconds)
        return True

    async def aclose(self) -> None:
        """Do nothing: there is no connection to close."""
