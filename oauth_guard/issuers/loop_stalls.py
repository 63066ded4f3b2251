"""StallMonitor: measure for how long the event loop was blocked."""

import asyncio
import time
from collections.abc import Callable

from oauth_guard.interfaces import Clock

__all__ = ["StallMonitor"]

_INTERVAL = 0.1
_STALL = 0.2  # a shorter delay is ordinary on a busy machine


class StallMonitor:
    """Runs a timer every 100 ms while it is needed; one that is late by 200 ms reveals a stall.

    Args:
        on_stall: Called with the seconds for which the loop was blocked.
        is_needed: Returns whether to go on; else the monitor stops until the next `start`.
        clock: Returns monotonic seconds.
    """

    def __init__(
        self,
        on_stall: Callable[[float], None],
        is_needed: Callable[[], bool],
        *,
        clock: Clock = time.monotonic,
    ) -> None:
        self._clock = clock
        self._on_stall = on_stall
        self._is_needed = is_needed
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the timer in the running *loop*, unless it is running there."""
        if self._loop is not loop:
            self._loop = loop
            self._schedule(loop)

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_later(_INTERVAL, self._check, loop, self._clock() + _INTERVAL)

    def _check(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        if self._loop is not loop:  # another loop took over
            return
        delay = self._clock() - due
        if delay > _STALL:
            self._on_stall(delay)
        if self._is_needed():
            self._schedule(loop)
        else:
            self._loop = None
