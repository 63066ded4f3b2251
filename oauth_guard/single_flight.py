"""SingleFlight: one attempt at a time for each key, which all who want it wait for together."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from contextvars import Context
from functools import partial
from typing import Any, Generic, TypeVar

__all__ = ["SingleFlight"]

_K = TypeVar("_K", bound=Hashable)
_T = TypeVar("_T")


class SingleFlight(Generic[_K, _T]):
    """Runs each attempt in a task of its own, so that whoever gives up ends it for nobody else.

    An attempt returns its failures, since what is raised in a task is raised in all who wait:
    that is for faults of ours. What another event loop left behind counts as none.

    Args:
        closed: What those get who still wait when the flights are closed.
    """

    def __init__(self, *, closed: _T) -> None:
        self._closed = closed
        self._tasks: dict[_K, asyncio.Task[_T]] = {}

    def in_flight(self, key: _K) -> bool:
        """Tell whether an attempt at *key* is under way in this loop."""
        return self._current(key) is not None

    def start(self, key: _K, attempt: Callable[[], Coroutine[Any, Any, _T]]) -> asyncio.Task[_T]:
        """Return the attempt at *key* that is under way in this loop, or begin this one."""
        task = self._current(key)
        if task is None:
            # An empty context: nobody's identity or span leaks into what serves everybody.
            task = asyncio.get_running_loop().create_task(attempt(), context=Context())
            task.add_done_callback(partial(self._landed, key))
            self._tasks[key] = task
        return task

    async def run(self, key: _K, attempt: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Return what comes of the attempt at *key* that is under way, or of this one."""
        task = self.start(key, attempt)
        # Who is cancelled here takes only this future along; `asyncio.wait` costs as much again.
        landed = task.get_loop().create_future()
        task.add_done_callback(partial(_tell, landed))
        await landed
        return self._closed if task.cancelled() else task.result()

    async def aclose(self) -> None:
        """End the attempts that are under way in this loop."""
        loop = asyncio.get_running_loop()
        tasks = [task for task in self._tasks.values() if task.get_loop() is loop]
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _current(self, key: _K) -> asyncio.Task[_T] | None:
        task = self._tasks.get(key)
        if task is None or task.get_loop() is not asyncio.get_running_loop():
            return None
        return task

    def _landed(self, key: _K, task: asyncio.Task[_T]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]


def _tell(landed: asyncio.Future[None], _task: asyncio.Task[Any]) -> None:
    if not landed.done():
        landed.set_result(None)
