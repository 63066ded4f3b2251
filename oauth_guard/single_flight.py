"""SingleFlight: one attempt at a time for each key, whose result all callers share."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from contextvars import Context
from functools import partial
from typing import Any, Generic, TypeVar

__all__ = ["SingleFlight"]

_K = TypeVar("_K", bound=Hashable)
_T = TypeVar("_T")


class SingleFlight(Generic[_K, _T]):
    """Runs each attempt in a task of its own, so that a cancelled caller cancels no other.

    An attempt returns expected failures as its result. An exception that it raises is raised in
    every caller that waits; that is meant for bugs. An attempt of another event loop is ignored.

    Args:
        closed: The result for callers that still wait when `aclose` is called.
    """

    def __init__(self, *, closed: _T) -> None:
        self._closed = closed
        self._tasks: dict[_K, asyncio.Task[_T]] = {}

    def in_flight(self, key: _K) -> bool:
        """Return whether an attempt for *key* is running in this event loop."""
        return self._current(key) is not None

    def start(self, key: _K, attempt: Callable[[], Coroutine[Any, Any, _T]]) -> asyncio.Task[_T]:
        """Return the task that is running for *key* in this event loop, or start *attempt*."""
        task = self._current(key)
        if task is None:
            # An empty context: no caller's identity or span leaks into a task that serves many.
            task = asyncio.get_running_loop().create_task(attempt(), context=Context())
            task.add_done_callback(partial(self._remove, key))
            self._tasks[key] = task
        return task

    async def run(self, key: _K, attempt: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Return the result of the attempt that is running for *key*, or else of *attempt*.

        Whatever the attempt raises is raised here too.
        """
        task = self.start(key, attempt)
        # A cancelled caller cancels only this future, not the task. `asyncio.wait` would do the
        # same and take twice as long.
        done = task.get_loop().create_future()
        task.add_done_callback(partial(_set_done, done))
        await done
        return self._closed if task.cancelled() else task.result()

    async def aclose(self) -> None:
        """Cancel the attempts that are running in this event loop, and wait for their end."""
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

    def _remove(self, key: _K, task: asyncio.Task[_T]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]


def _set_done(done: asyncio.Future[None], _task: asyncio.Task[Any]) -> None:
    if not done.done():
        done.set_result(None)
