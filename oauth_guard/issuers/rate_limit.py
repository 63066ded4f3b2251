"""RateLimit: a token bucket, which limits operations per second; AdaptiveRateLimit adapts."""

from oauth_guard.interfaces import Clock

__all__ = ["AdaptiveRateLimit", "RateLimit"]

_CEILING = 256
_HALVING_INTERVAL = 1
_DOUBLING_INTERVAL = 5


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
        self._updated_at = float("-inf")

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


class AdaptiveRateLimit(RateLimit):
    """Token bucket whose rate halves when a server limits us, and doubles every five seconds.

    There is no limit at first. The first halving sets it to 128 a second; at 256 it is gone.

    Args:
        clock: Returns monotonic seconds.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(_CEILING, clock)
        self._changed_at = float("-inf")

    def halve(self, floor: float) -> None:
        """Halve the rate, at most once a second, and not below *floor*."""
        now = self._clock()
        if now - self._changed_at < _HALVING_INTERVAL:
            return
        rate = self._per_second
        self._per_second = max(rate / 2, min(rate, floor))
        self._available = min(self._available, self._per_second)
        self._changed_at = now

    def try_acquire(self) -> bool:
        """Return True and count one operation if it is allowed now, else return False."""
        if self._per_second >= _CEILING:
            return True
        now = self._clock()
        while self._per_second < _CEILING and now - self._changed_at >= _DOUBLING_INTERVAL:
            self._per_second *= 2
            self._changed_at += _DOUBLING_INTERVAL
        return super().try_acquire()

    def refund(self) -> None:
        """Allow one operation more: one that was counted did not burden the server."""
        self._available = min(self._available + 1, self._per_second)
