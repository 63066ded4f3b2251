"""TTLCache: values with a time to live, least recently used out first."""

import time
from typing import Generic, TypeVar

from cachetools import LRUCache

from oauth_guard.errors import ConfigurationError
from oauth_guard.interfaces import Clock

__all__ = ["MAX_ENTRIES", "TTLCache"]

_T = TypeVar("_T")

MAX_ENTRIES = 10_000


class TTLCache(Generic[_T]):
    """Values that each have their time; when there are too many, the least recently used goes.

    One whose time has passed stays until others push it out, as is true of every one: to let go
    of it earlier would hold up whoever comes after a pause in which many have ended.

    Args:
        max_entries: How many there are at most.
        clock: Tells monotonic seconds, so that no clock that is set back lengthens a life.

    Raises:
        ConfigurationError: There is no room for a single one.
    """

    def __init__(self, max_entries: int = MAX_ENTRIES, *, clock: Clock = time.monotonic) -> None:
        if max_entries < 1:
            raise ConfigurationError("max_entries= is 1 or more.")
        self._clock = clock
        self._entries: LRUCache[bytes, tuple[_T, float]] = LRUCache(max_entries)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> _T | None:
        """Return what is kept under *key*, if its time has not passed."""
        entry = self._entries.get(key)
        return None if entry is None or self._clock() >= entry[1] else entry[0]

    def put(self, key: bytes, value: _T, seconds: float) -> None:
        """Keep *value* for *seconds*, in the place of what was there; 0 keeps nothing."""
        self.forget(key)
        now = self._clock()
        if now + seconds > now:
            self._entries[key] = (value, now + seconds)

    def forget(self, key: bytes) -> None:
        """Keep nothing under *key* any longer."""
        self._entries.pop(key, None)
