"""MemoryStore: a `Store` inside one process."""

import time

from oauth_guard.interfaces import Clock
from oauth_guard.ttl_cache import MAX_ENTRIES, TTLCache

__all__ = ["MemoryStore"]


class MemoryStore:
    """A store for one process, which forgets when the process ends.

    Args:
        max_entries: How many values it holds; the least recently used goes first.
        clock: Tells monotonic seconds.

    Raises:
        ConfigurationError: There is no room for a single value.
    """

    def __init__(self, max_entries: int = MAX_ENTRIES, *, clock: Clock = time.monotonic) -> None:
        self._memory: TTLCache[bytes] = TTLCache(max_entries, clock=clock)

    def __len__(self) -> int:
        return len(self._memory)

    async def get(self, key: bytes) -> bytes | None:
        """Return what is kept under *key*."""
        return self._memory.get(key)

    async def put(self, key: bytes, value: bytes, seconds: float) -> None:
        """Keep *value* for *seconds*, in the place of what was there."""
        self._memory.put(key, value, seconds)

    async def add(self, key: bytes, value: bytes, seconds: float) -> bool:
        """Keep *value* for *seconds* unless *key* is taken; tell whether it was kept."""
        if self._memory.get(key) is not None:
            return False
        self._memory.put(key, value, seconds)
        return True

    async def aclose(self) -> None:
        """Do nothing: nothing was opened."""
