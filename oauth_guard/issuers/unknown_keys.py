"""UnknownKeys: which tokens of unknown keys cause a fetch of the key set, and which do not."""

import hashlib
import math
from collections import OrderedDict

from oauth_guard.interfaces import Clock
from oauth_guard.jose.jws import JWSHeader

__all__ = ["UnknownKeys"]

_FETCHES = 3
_REMEMBERED_SECONDS = 30
_MAX_REMEMBERED = 1024
_MAX_DELAYED = 10
_ROUNDING = 1e-6


class UnknownKeys:
    """Bounds the fetches that tokens may cause, and remembers the keys that they named.

    There is a budget of three fetches, one of which is regained each *cooldown* seconds. Tokens
    with a bad signature under a known `kid` may take one of the three. While the budget is empty,
    ten tokens between two fetches are delayed until the next one; the others are rejected. So a
    caller who makes up keys can't cause more fetches, or keep other tokens delayed for long.

    Attributes:
        due_at: When the scheduled fetch is due; infinity if none is scheduled.

    Args:
        cooldown: After how many seconds one more fetch is allowed; 0 for no limit.
        clock: Returns monotonic seconds.
    """

    def __init__(self, cooldown: float, clock: Clock) -> None:
        self._cooldown, self._clock = cooldown, clock
        self._all = _Budget(_FETCHES, cooldown, clock)
        self._for_bad_signature_at = -math.inf
        self._delayed = 0
        self.due_at = math.inf
        self._seen: OrderedDict[bytes, tuple[int, float]] = OrderedDict()

    def first_seen(self, header: JWSHeader, fetches: int) -> int:
        """Return how many fetches had been started when the key of *header* was first named.

        That is *fetches* if it was not named before, or not in the last 30 s. The claims play no
        part: `iat` is chosen by the caller.
        """
        named = f"{header.algorithm} {header.key_id is not None} {header.key_id}"
        key = hashlib.sha256(named.encode("utf-8", "surrogatepass")).digest()
        now = self._clock()
        entry = self._seen.get(key)
        if entry is not None and now < entry[1]:
            return entry[0]
        self._seen[key] = (fetches, now + _REMEMBERED_SECONDS)
        self._seen.move_to_end(key)  # ordered by the time when the entries expire
        if len(self._seen) > _MAX_REMEMBERED:
            self._seen.popitem(last=False)
        return fetches

    def take(self) -> bool:
        """Take a fetch for an unknown key from the budget, and return whether there was one."""
        return self._all.take()

    def take_for_bad_signature(self) -> bool:
        """Take a fetch for a bad signature under a known `kid`, likewise."""
        last, now = self._for_bad_signature_at, self._clock()
        if last <= now < last + self._cooldown or not self._all.take():
            return False
        self._for_bad_signature_at = now
        return True

    def delay(self) -> bool:
        """Return whether a token may wait for the next fetch: ten may between two fetches."""
        self._delayed += 1
        return self._delayed <= _MAX_DELAYED

    def schedule(self) -> bool:
        """Set `due_at` to when the budget regains a fetch; return False if it was set already."""
        if self.due_at < math.inf:
            return False
        self.due_at = self._clock() + self._all.seconds_left()
        return True

    def fetch_started(self) -> None:
        """Count the ten again, since a fetch was started; a scheduled one is taken as done."""
        self._delayed = 0
        if self.due_at < math.inf:
            self.due_at = math.inf
            self._all.take()


class _Budget:
    """A token bucket with a capacity of *size*, which regains one each *seconds*."""

    def __init__(self, size: int, seconds: float, clock: Clock) -> None:
        self._size, self._seconds, self._clock = size, seconds, clock
        self._used, self._counted_at = 0.0, -math.inf

    @property
    def available(self) -> bool:
        now = self._clock()
        regained = (now - self._counted_at) / self._seconds if self._seconds else math.inf
        self._used, self._counted_at = max(self._used - max(regained, 0), 0), now
        return self._used <= self._size - 1 + _ROUNDING

    def take(self) -> bool:
        if not self.available:
            return False
        self._used += 1
        return True

    def seconds_left(self) -> float:
        return 0 if self.available else (self._used - self._size + 1) * self._seconds
