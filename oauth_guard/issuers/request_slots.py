"""RequestSlots: how many requests are in progress concurrently, and their deadlines."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from oauth_guard.issuers.loop_stalls import StallMonitor
from oauth_guard.time_limits import TimeLimits

__all__ = ["RequestSlots"]

_T = TypeVar("_T")

_SLOTS = 64
_TICK = 0.05  # a deadline ends up to so many seconds late


class RequestSlots:
    """The 64 slots for requests of the running event loop; create one per loop.

    While the loop is blocked, responses can't be read. So that time counts against no deadline.

    Args:
        on_stall: Called with the seconds for which the loop was blocked.
        is_needed: Returns whether to look for stalls also while no request is in progress.

    Attributes:
        loop: The event loop that the slots belong to.
    """

    def __init__(self, on_stall: Callable[[float], None], is_needed: Callable[[], bool]) -> None:
        self.loop = asyncio.get_running_loop()
        self._slots = asyncio.Semaphore(_SLOTS)
        self._used = 0
        self._limits = TimeLimits(_TICK)
        self._is_needed = is_needed
        self._monitor = StallMonitor(on_stall, self._is_monitored)

    @property
    def used(self) -> int:
        """How many slots are taken."""
        return self._used

    @property
    def full(self) -> bool:
        """Whether a request must wait for a slot."""
        return self._slots.locked()

    @property
    def crowded(self) -> bool:
        """Whether more than half of the slots are used."""
        return self._used > _SLOTS // 2

    async def acquire(self, seconds: float) -> None:
        """Take a slot; the caller must release it.

        Raises:
            TimeoutError: None was free for *seconds*.
        """
        if self.full:
            await self.within(seconds, self._slots.acquire())
        else:
            await self._slots.acquire()  # does not wait; a timeout would cost more than this
        self._used += 1

    def release(self) -> None:
        """Give a slot back."""
        self._used -= 1
        self._slots.release()

    async def within(self, seconds: float, awaitable: Awaitable[_T]) -> _T:
        """Return the result of *awaitable*.

        Raises:
            TimeoutError: It took longer than *seconds*, without the stalls of the loop.
        """
        self._monitor.start(self.loop)
        return await self._limits.within(seconds, awaitable)

    def _is_monitored(self) -> bool:
        return self._limits.in_use or self._is_needed()
