"""MovableClock: a clock that moves only when a test advances it."""

import time
from collections.abc import Callable

__all__ = ["MovableClock"]


class MovableClock:
    """Returns the same time until it is advanced; pass it wherever a `clock=` is taken.

    Args:
        now: The first time, in seconds since the epoch; by default the present.
        clock: Returns the present.
    """

    def __init__(self, now: float | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self._now = clock() if now is None else now

    def __call__(self) -> float:
        """Return the time, in seconds since the epoch."""
        return self._now

    def __repr__(self) -> str:
        return f"MovableClock({self._now!r})"

    def advance(self, seconds: float) -> None:
        """Move the clock forward.

        Raises:
            ValueError: *seconds* is negative; keys and results are cached by a clock that never
                goes back.
        """
        if seconds < 0:
            raise ValueError("advance() takes positive seconds: a clock never goes back.")
        self._now += seconds
