"""RateLimit: how often something may be done, at a rate, and at once after a pause."""

from oauth_guard.interfaces import Clock

__all__ = ["RateLimit"]


class RateLimit:
    """Lets something be done so often in a second, and as often at once after a second's rest.

    Args:
        per_second: How often; 1 or more.
        clock: Tells monotonic seconds.
    """

    def __init__(self, per_second: float, clock: Clock) -> None:
        self._per_second = per_second
        self._clock = clock
        self._left = float(per_second)
        self._told_at = clock()

    def try_acquire(self) -> bool:
        """Tell whether it may be done now, and count it if so."""
        now = self._clock()
        self._left = min(self._per_second, self._left + (now - self._told_at) * self._per_second)
        self._told_at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
