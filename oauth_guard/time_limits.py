"""TimeLimits: end operations that take too long, not counting stalls of the event loop."""

import asyncio
import math
import time
from collections.abc import Awaitable
from typing import TypeAlias, TypeVar

from oauth_guard.interfaces import Clock

__all__ = ["TimeLimits"]

_T = TypeVar("_T")
_Ticks: TypeAlias = dict[asyncio.Timeout, int]


class TimeLimits:
    """Limits how long operations of the running event loop take.

    One timer counts the ticks of all operations in progress, which costs less than a timer for
    each. While the loop is blocked, at most one tick ends, and before
    the next one the loop handles what arrived meanwhile. So that time does not count.

    Args:
        tick: The length of a tick in seconds. An operation ends up to one tick past its limit.
        clock: Returns monotonic seconds.
    """

    def __init__(self, tick: float, *, clock: Clock = time.monotonic) -> None:
        self._tick, self._clock = tick, clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ticks_left: _Ticks = {}

    @property
    def in_use(self) -> bool:
        """Whether an operation is in progress."""
        return bool(self._ticks_left)

    async def within(self, seconds: float, operation: Awaitable[_T]) -> _T:
        """Return the result of *operation*.

        Raises:
            TimeoutError: It took longer than *seconds*.
        """
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._ticks_left = loop, {}
            self._schedule(loop, self._ticks_left, self._clock() + self._tick)
        ticks_left = self._ticks_left
        async with asyncio.timeout(None) as timeout:
            # One more, since the tick that is running may end immediately.
            ticks_left[timeout] = math.ceil(seconds / self._tick) + 1
            try:
                return await operation
            finally:
                del ticks_left[timeout]

    def _schedule(self, loop: asyncio.AbstractEventLoop, ticks_left: _Ticks, due: float) -> None:
        loop.call_later(due - self._clock(), self._count, loop, ticks_left, due)

    def _count(self, loop: asyncio.AbstractEventLoop, ticks_left: _Ticks, due: float) -> None:
        """Count one tick of each operation; if there is none, stop until the next begins."""
        if not ticks_left:
            self._loop = None
            return
        for timeout in ticks_left:
            ticks_left[timeout] -= 1
            if ticks_left[timeout] == 0:
                timeout.reschedule(0)  # in the past: it expires now
        now = self._clock()
        stalled = due + self._tick <= now
        self._schedule(loop, ticks_left, (now if stalled else due) + self._tick)
