"""Singleflight: one attempt at a time for each key, whose result all callers share."""

import asyncio
from asyncio.events import _set_running_loop  # asyncio's hooks for those who extend it
from asyncio.tasks import _enter_task, _leave_task
from collections.abc import Callable, Coroutine, Hashable
from contextlib import suppress
from contextvars import Context
from functools import partial
from typing import Any, Generic, TypeVar, cast

__all__ = ["Singleflight"]

_K = TypeVar("_K", bound=Hashable)
_T = TypeVar("_T")

_MAX_AWAITS = 100  # in the cleanup code of one attempt


class Singleflight(Generic[_K, _T]):
    """Runs each attempt in a task of its own, so that a cancelled caller cancels no other.

    An attempt returns expected failures as its result. An exception that it raises is raised in
    every caller that waits; that is meant for bugs. Each event loop has attempts of its own. An
    attempt whose loop was closed never ends: it is removed when another loop starts an attempt.

    Args:
        closed: The result for callers that still wait when `aclose` is called.
    """

    def __init__(self, *, closed: _T) -> None:
        self._closed = closed
        self._tasks: dict[_K, asyncio.Task[_T]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def is_running(self, key: _K) -> bool:
        """Return whether an attempt for *key* is running in this event loop."""
        return key in self._tasks and self._current(key) is not None

    def start(self, key: _K, attempt: Callable[[], Coroutine[Any, Any, _T]]) -> asyncio.Task[_T]:
        """Return the task that is running for *key* in this event loop, or start *attempt*."""
        task = self._current(key)
        if task is None:
            loop = asyncio.get_running_loop()
            if loop is not self._loop:
                self._remove_closed_loops()
                self._loop = loop
            # An empty context: no caller's identity or span leaks into a task that serves many.
            task = loop.create_task(attempt(), context=Context())
            task.add_done_callback(partial(self._remove, key))
            self._tasks[key] = task
        return task

    async def run(self, key: _K, attempt: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Wait for the attempt that is running for *key*, or start *attempt*; return its result.

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

    def _remove_closed_loops(self) -> None:
        """Remove the attempts of closed loops: each keeps a loop and its sockets in memory."""
        closed = [key for key, task in self._tasks.items() if task.get_loop().is_closed()]
        for key in closed:
            _unwind(self._tasks.pop(key))

    def _remove(self, key: _K, task: asyncio.Task[_T]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]


def _unwind(task: asyncio.Task[Any]) -> None:
    """Run the cleanup code of *task*, whose loop is closed: nothing else runs it any more.

    Without it, AnyIO, which httpx uses, keeps a reference to the task for good: it forgets a task
    only when its cancel scope is exited, and that must happen inside the task.
    """
    loop, running = task.get_loop(), asyncio.get_running_loop()
    coroutine = cast("Coroutine[Any, Any, Any]", task.get_coro())
    current = asyncio.current_task()
    if current is not None:
        _leave_task(running, current)
    _set_running_loop(loop)
    _enter_task(loop, task)
    try:
        with suppress(Exception, asyncio.CancelledError):  # raised by the last `throw`
            for _ in range(_MAX_AWAITS):
                coroutine.throw(asyncio.CancelledError())
    finally:
        _leave_task(loop, task)
        _set_running_loop(running)
        if current is not None:
            _enter_task(running, current)


def _set_done(done: asyncio.Future[None], _task: asyncio.Task[Any]) -> None:
    if not done.done():
        done.set_result(None)
