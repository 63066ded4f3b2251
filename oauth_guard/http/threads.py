"""call_in_thread: a call that blocks runs in a new daemon thread, not in the loop's executor."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

__all__ = ["THREAD_NAME", "call_in_thread", "wait_for_call"]

THREAD_NAME = "oauth_guard"

_T = TypeVar("_T")


def call_in_thread(function: Callable[[], _T]) -> "Future[_T]":
    """Call *function* in a new daemon thread, and return the future of its result.

    The default executor of an event loop has a few threads, which the application shares: calls
    that block for long would leave it none. A daemon thread does not delay the end of the process.

    Raises:
        RuntimeError: The operating system allows no further thread.
    """
    future: Future[_T] = Future()
    future.set_running_or_notify_cancel()  # so that a waiter that is cancelled can't cancel it
    thread = threading.Thread(target=_call, args=(function, future), name=THREAD_NAME, daemon=True)
    thread.start()
    return future


async def wait_for_call(future: "Future[_T]") -> _T:
    """Return the result of *future*; a cancelled waiter, or a closed loop, does not affect it.

    Whatever the function raised is raised here too.
    """
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def notify(_: "Future[_T]") -> None:
        try:
            loop.call_soon_threadsafe(_set_done, done)
        except RuntimeError:  # the loop was closed while the call was in progress
            return

    future.add_done_callback(notify)
    await done
    return future.result()


def _call(function: Callable[[], _T], future: "Future[_T]") -> None:
    try:
        result = function()
    except BaseException as error:  # noqa: BLE001 - raised in those who wait
        future.set_exception(error)
    else:
        future.set_result(result)


def _set_done(done: "asyncio.Future[None]") -> None:
    if not done.done():
        done.set_result(None)
