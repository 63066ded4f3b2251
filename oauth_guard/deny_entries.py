"""DenyEntries: the entries of a deny-list in this process, each in at most 120 bytes."""

import math
from collections.abc import Iterable

from oauth_guard.interfaces import Clock, Notice

__all__ = ["DenyEntries"]

_SHARDS = 64
_BITS = 32


class DenyEntries:
    """The notices that are known in this process, by their keys; none is removed before its end.

    Args:
        monotonic: Returns monotonic seconds, by which an entry ends.

    Attributes:
        version: A number that grows with each change.
    """

    def __init__(self, monotonic: Clock) -> None:
        self._monotonic = monotonic
        self._started = monotonic()
        self.version = 0
        # Each entry is one number: its end, then its cut-off. In shards, so that the search for
        # ended entries blocks the event loop for no longer than a millisecond.
        self._shards: list[dict[int, int]] = [{} for _ in range(_SHARDS)]
        self._latest = self._next_shard = 0

    def __len__(self) -> int:
        return sum(map(len, self._shards))

    def apply(self, notices: Iterable[Notice]) -> bool:
        """Add *notices*; return whether an entry is new, ends later or has a later cut-off."""
        elapsed = self._monotonic() - self._started
        changed = False
        for key, cut_off, seconds in notices:
            end = math.ceil(elapsed + seconds)
            shard = self._shards[key % _SHARDS]
            known = shard.get(key, 0)
            entry = max(known >> _BITS, end) << _BITS | max(known % (1 << _BITS), cut_off)
            if entry != known:
                # Entries that are added in the same second share one number.
                self._latest = self._latest if entry == self._latest else entry
                shard[key], changed = self._latest, True
        self.version += changed
        return changed

    def cut_off(self, key: int) -> int | None:
        """Return the cut-off of the entry under *key*; None if there is none or it has ended."""
        entry = self._shards[key % _SHARDS].get(key)
        if entry is None or entry >> _BITS <= self._monotonic() - self._started:
            return None
        return entry % (1 << _BITS)

    def covers(self, key: int, moment: float | None) -> bool:
        """Return whether *key* has an entry whose cut-off is not before *moment*.

        If *moment* is None, since it is not known, any entry counts.
        """
        cut_off = self.cut_off(key)
        return cut_off is not None and (moment is None or moment <= cut_off)

    def remove_ended(self) -> None:
        """Remove the ended entries of one shard, at each call of the next one."""
        shard = self._shards[self._next_shard]
        self._next_shard = (self._next_shard + 1) % _SHARDS
        elapsed = self._monotonic() - self._started
        for key in [key for key, entry in shard.items() if entry >> _BITS <= elapsed]:
            del shard[key]
