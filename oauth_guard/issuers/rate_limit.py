"""RateLimit: a token bucket, which limits operations per second."""

from oauth_guard.interfaces import Clock

__all__ = ["RateLimit"]


class RateLimit:
    """Token bucket: *per_second* operations a second, with a burst of the same size.

    Args:
        per_second: The rate and the largest burst; 1 or more.
        clock: Returns monotonic seconds.
    """

    def __init__(self, per_second: float, clock: Clock) -> None:
        self._per_second = per_second
        self._clock = clock
        self._available = float(per_second)
        self._updated_at = clock()

    def try_acquire(self) -> bool:
        """Return True and count one operation if it is allowed now, else return False."""
        now = self._clock()
        refill = (now - self._updated_at) * self._per_second
        self._available = min(self._per_second, self._available + refill)
        self._updated_at = now
        if self._available < 1:
            return False
        self._available -= 1
        return True
