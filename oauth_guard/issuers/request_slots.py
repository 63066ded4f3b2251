"""RequestSlots: how many requests are in progress concurrently, and their deadlines."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from oauth_guard.issuers.loop_stalls import StallMonitor

__all__ = ["RequestSlots"]

_T = TypeVar("_T")

_SLOTS = 64


class RequestSlots:
    """The 64 slots for requests of the running event loop; create one per loop.

    While the loop is blocked, responses can't be read. So that time is added to each deadline
    that is running.

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
        self._timeouts: set[asyncio.Timeout] = set()
        self._on_stall, self._is_needed = on_stall, is_needed
        self._monitor = StallMonitor(self._extend, self._is_monitored)

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
        timeout = asyncio.timeout(seconds)
        self._timeouts.add(timeout)
        try:
            async with timeout:
                return await awaitable
        finally:
            self._timeouts.discard(timeout)

    def _is_monitored(self) -> bool:
        return bool(self._timeouts) or self._is_needed()

    def _extend(self, seconds: float) -> None:
        self._on_stall(seconds)
        for timeout in self._timeouts:
            when = timeout.when()
            if when is not None and not timeout.expired():
                timeout.reschedule(when + seconds)
