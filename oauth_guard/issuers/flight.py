"""Flight: one attempt at a time, which all who want it wait for together."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context

__all__ = ["Flight"]


class Flight:
    """Runs *attempt* in a task of its own, so that whoever gives up ends it for nobody else.

    Args:
        attempt: What to do; it keeps its result, and its failures, by itself.
    """

    def __init__(self, attempt: Callable[[], Coroutine[None, None, None]]) -> None:
        self._attempt = attempt
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> asyncio.Task[None]:
        """Return the attempt that is under way in this loop, or begin one."""
        task = self._current()
        if task is None:
            # An empty context: nobody's identity or span leaks into what serves everybody.
            task = asyncio.get_running_loop().create_task(self._attempt(), context=Context())
            self._task = task
        return task

    async def land(self) -> None:
        """Wait for the attempt that is under way, or for a new one."""
        task = self.begin()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()  # outages are kept, so an error here is a fault of ours

    async def aclose(self) -> None:
        """End the attempt that is under way in this loop."""
        task = self._current()
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    def _current(self) -> asyncio.Task[None] | None:
        task = self._task
        if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
            return None
        return task
