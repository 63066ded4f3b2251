"""TTLCache: an LRU cache whose entries have a time to live."""

import time
from typing import Generic, TypeVar

from cachetools import LRUCache

from oauth_guard.errors import ConfigurationError
from oauth_guard.interfaces import Clock

__all__ = ["MAX_ENTRIES", "TTLCache"]

_T = TypeVar("_T")

MAX_ENTRIES = 10_000


class TTLCache(Generic[_T]):
    """A bounded cache; when it is full, the least recently used entry is evicted.

    An expired entry is not returned, but keeps its slot until it is evicted like any other.
    Removing expired entries in bulk would delay one request after a pause in which many expire.

    Args:
        max_entries: The maximum number of entries.
        clock: Returns monotonic seconds, so that a clock set back does not extend a lifetime.

    Raises:
        ConfigurationError: *max_entries* is less than 1.
    """

    def __init__(self, max_entries: int = MAX_ENTRIES, *, clock: Clock = time.monotonic) -> None:
        if max_entries < 1:
            raise ConfigurationError("max_entries= must be 1 or more.")
        self._clock = clock
        self._entries: LRUCache[bytes, tuple[_T, float]] = LRUCache(max_entries)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> _T | None:
        """Return the value under *key*, or None if there is none or it has expired."""
        entry = self._entries.get(key)
        return None if entry is None or self._clock() >= entry[1] else entry[0]

    def put(self, key: bytes, value: _T, seconds: float) -> None:
        """Cache *value* for *seconds*, replacing any older value; for 0 or less, cache nothing."""
        self.forget(key)
        now = self._clock()
        if now + seconds > now:
            self._entries[key] = (value, now + seconds)

    def forget(self, key: bytes) -> None:
        """Remove the entry under *key*, if there is one."""
        self._entries.pop(key, None)
