"""CircuitBreaker: an endpoint that is ill is left alone for a while, then tried by one."""

from oauth_guard.interfaces import Clock

__all__ = ["CircuitBreaker"]

_FAILURES = 5
_REST = 10
_MAX_REST = 60


class CircuitBreaker:
    """Opens after five failures in a row, for ten seconds; then one probe decides.

    Whoever was let in says what came of it: `answered`, `failed` or `abandoned`.

    Args:
        clock: Tells monotonic seconds.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._rests_until: float | None = None
        self._probing = False

    @property
    def seconds_left(self) -> float:
        """For how long nobody is let in; 0 when somebody would be."""
        return 0 if self._rests_until is None else max(self._rests_until - self._clock(), 0)

    def enter(self) -> bool:
        """Tell whether to ask now; while a probe is under way, nobody else may."""
        if self._rests_until is None:
            return True
        if self.seconds_left or self._probing:
            return False
        self._probing = True
        return True

    def answered(self) -> None:
        """Take note that the endpoint is well, whatever it said."""
        self._failures = 0
        self._rests_until = None
        self._probing = False

    def failed(self, retry_after: float | None = None) -> None:
        """Take note that it is ill; *retry_after* are the seconds that it asked for itself."""
        self._failures += 1
        self._probing = False
        if retry_after:
            self._rests_until = self._clock() + min(retry_after, _MAX_REST)
        elif self._failures >= _FAILURES:
            self._rests_until = self._clock() + _REST

    def abandoned(self) -> None:
        """Take note that nothing was learnt, since whoever asked has gone."""
        self._probing = False
