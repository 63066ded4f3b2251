"""CircuitBreaker: send no requests to a failing endpoint for a while, then send one probe."""

from oauth_guard.interfaces import Clock

__all__ = ["CircuitBreaker"]

_FAILURES = 5
_OPEN_SECONDS = 10
_MAX_OPEN_SECONDS = 60


class CircuitBreaker:
    """A circuit breaker: opens for ten seconds after five consecutive failures.

    After that time it admits one request, the probe: success closes it, failure opens it again.
    For every True from `allow` the caller reports the outcome by exactly one call of
    `record_success`, `record_failure` or `cancel`.

    Args:
        clock: Returns monotonic seconds.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._open_until: float | None = None
        self._probing = False

    @property
    def seconds_left(self) -> float:
        """Seconds until a request is allowed again; 0 while the breaker is not open."""
        return 0 if self._open_until is None else max(self._open_until - self._clock(), 0)

    @property
    def failing(self) -> bool:
        """Whether the breaker is open, so that no request is allowed."""
        return self.seconds_left > 0

    def allow(self) -> bool:
        """Return True if a request may be sent now; False while open or during a probe."""
        if self._open_until is None:
            return True
        if self.failing or self._probing:
            return False
        self._probing = True
        return True

    def record_success(self) -> None:
        """Close the breaker: the endpoint sent a response that shows it is working."""
        self._failures = 0
        self._open_until = None
        self._probing = False

    def record_failure(self, retry_after: float | None = None) -> None:
        """Count a failure of the endpoint, and open the breaker after the fifth in a row.

        *retry_after* is the endpoint's own `Retry-After` in seconds: if it is given and not 0,
        the breaker opens immediately, for that time but at most 60 seconds.
        """
        self._failures += 1
        self._probing = False
        if retry_after:
            self._open_until = self._clock() + min(retry_after, _MAX_OPEN_SECONDS)
        elif self._failures >= _FAILURES:
            self._open_until = self._clock() + _OPEN_SECONDS

    def cancel(self) -> None:
        """Release the probe without an outcome: its request was cancelled."""
        self._probing = False
