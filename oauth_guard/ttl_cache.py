"""TTLCache: an LRU cache whose entries have a time to live."""

import time
from typing import Generic, TypeVar

from cachetools import LRUCache

from oauth_guard.byte_budget import ByteBudget
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
        budget: The memory that this cache shares with others; by default it is not bounded. If an
            entry does not fit, the least recently used entries of this cache are evicted; if it
            does not fit then, it is not cached.
        clock: Returns monotonic seconds, so that a clock set back does not extend a lifetime.

    Raises:
        ConfigurationError: *max_entries* is less than 1.
    """

    def __init__(
        self,
        max_entries: int = MAX_ENTRIES,
        *,
        budget: ByteBudget | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        if max_entries < 1:
            raise ConfigurationError("max_entries= must be 1 or more.")
        self._clock = clock
        self._budget = budget
        self._max_entries = max_entries
        self._entries: LRUCache[bytes, tuple[_T, float, int]] = LRUCache(max_entries)

    def __del__(self) -> None:
        """Give the memory back, as when a tenant is forgotten."""
        if self.__dict__.get("_budget") is not None:
            for _, _, size in self._entries.values():
                self._release(size)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> _T | None:
        """Return the value under *key*, or None if there is none or it has expired."""
        entry = self._entries.get(key)
        return None if entry is None or self._clock() >= entry[1] else entry[0]

    def put(self, key: bytes, value: _T, seconds: float, size: int = 0) -> None:
        """Cache *value* for *seconds*, replacing any older value; for 0 or less, cache nothing.

        *size* is how many bytes of the budget it takes.
        """
        self.forget(key)
        now = self._clock()
        if now + seconds > now and self._make_room(size):
            self._entries[key] = (value, now + seconds, size)

    def forget(self, key: bytes) -> None:
        """Remove the entry under *key*, if there is one."""
        if (entry := self._entries.pop(key, None)) is not None:
            self._release(entry[2])

    def _make_room(self, size: int) -> bool:
        """Evict entries until one of *size* bytes fits; return whether it does."""
        budget, entries = self._budget, self._entries
        if budget is not None and size > budget.limit:
            return False
        while entries and (
            len(entries) >= self._max_entries or (budget is not None and not budget.fits(size))
        ):
            self._release(entries.popitem()[1][2])
        if budget is None:
            return True
        if budget.fits(size):
            budget.used += size
            return True
        return False

    def _release(self, size: int) -> None:
        if self._budget is not None:
            self._budget.used -= size
