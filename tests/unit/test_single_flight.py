"""Singleflight: all callers share one attempt, and a cancelled caller cancels no other."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import ContextVar
from typing import Any
from weakref import WeakSet

import anyio
import pytest

from oauth_guard.single_flight import Singleflight

CALLER = ContextVar("caller", default="none")


class Attempt:
    """An attempt that waits until a test sets `finish`."""

    def __init__(self) -> None:
        self.started = 0
        self.callers: list[str] = []
        self.finish = asyncio.Event()

    async def __call__(self) -> str:
        """Wait for `finish`."""
        self.started += 1
        self.callers.append(CALLER.get())
        await self.finish.wait()
        return "result"


async def run_pending_tasks() -> None:
    """Run every task of the loop until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


def new_single_flight() -> Singleflight[str, str]:
    """Return a `Singleflight` without running attempts."""
    return Singleflight(closed="closed")


async def test_concurrent_callers_share_one_attempt() -> None:
    """A cancelled caller does not end it; a new attempt starts only after it has ended."""
    attempt, single_flight = Attempt(), new_single_flight()
    waiting = [asyncio.create_task(single_flight.run("a", attempt)) for _ in range(20)]
    await run_pending_tasks()
    assert single_flight.is_running("a")
    waiting[0].cancel()
    attempt.finish.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert outcomes[1:] == ["result"] * 19
    assert attempt.started == 1
    assert not single_flight.is_running("a")
    assert await single_flight.run("a", attempt) == "result"
    assert attempt.started == 2


async def test_cancelled_caller_causes_no_error_in_the_loop() -> None:
    """Setting the result of its cancelled future would be reported by the event loop."""
    attempt, single_flight, faults = Attempt(), new_single_flight(), []
    asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
    waiting = [asyncio.create_task(single_flight.run("a", attempt)) for _ in range(2)]
    await run_pending_tasks()
    waiting[0].cancel()
    attempt.finish.set()
    assert await waiting[1] == "result"
    assert not faults


async def test_keys_do_not_wait_for_each_other() -> None:
    """Each key has an attempt of its own."""
    slow, fast, single_flight = Attempt(), Attempt(), new_single_flight()
    fast.finish.set()
    waiting = asyncio.create_task(single_flight.run("slow", slow))
    await run_pending_tasks()
    assert await single_flight.run("fast", fast) == "result"
    assert not waiting.done()
    slow.finish.set()
    assert await waiting == "result"


async def test_attempt_does_not_see_the_context_of_its_caller() -> None:
    """An attempt that serves many runs in an empty context."""
    attempt = Attempt()
    attempt.finish.set()
    token = CALLER.set("ada")
    await new_single_flight().run("a", attempt)
    CALLER.reset(token)
    assert attempt.callers == ["none"]


async def test_close_cancels_attempts_and_returns_closed_to_callers() -> None:
    """Closing again does nothing."""
    attempt, single_flight = Attempt(), new_single_flight()
    waiting = [asyncio.create_task(single_flight.run(key, attempt)) for key in ("a", "a", "b")]
    await run_pending_tasks()
    await single_flight.aclose()
    assert await asyncio.gather(*waiting) == ["closed"] * 3
    await single_flight.aclose()
    assert attempt.started == 2


async def test_new_attempt_may_start_while_a_closed_one_ends() -> None:
    """The end of the old attempt does not remove the new one."""
    attempt, single_flight = Attempt(), new_single_flight()
    old = single_flight.start("a", attempt)
    closing = asyncio.create_task(single_flight.aclose())
    await asyncio.sleep(0)
    new = single_flight.start("a", attempt)
    await closing
    assert old.cancelled()
    assert single_flight.is_running("a")
    attempt.finish.set()
    assert await new == "result"


def test_attempt_of_another_event_loop_is_ignored() -> None:
    """A caller does not wait for it, but starts an attempt of its own."""
    single_flight = new_single_flight()
    slow, fast = Attempt(), Attempt()
    fast.finish.set()

    async def leave() -> None:
        single_flight.start("a", slow)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(leave())
    assert asyncio.run(single_flight.run("a", fast)) == "result"
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(run_pending_tasks())
    loop.close()


async def wait_forever() -> str:
    """Wait for an event that never happens."""
    await asyncio.Event().wait()
    raise AssertionError


async def wait_in_a_cancel_scope() -> str:
    """Wait as a request of httpx does: AnyIO refers to the task until the scope is exited."""
    with anyio.fail_after(None):
        return await wait_forever()


async def wait_again_when_cancelled() -> str:
    """Wait once more in the cleanup code."""
    try:
        return await wait_forever()
    finally:
        await asyncio.sleep(0)


async def never_end() -> str:
    """Ignore every cancellation."""
    while True:
        with suppress(asyncio.CancelledError):
            await wait_forever()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(
    "attempt", [wait_forever, wait_in_a_cancel_scope, wait_again_when_cancelled, never_end]
)
@pytest.mark.parametrize("in_task", [True, False])
def test_closed_event_loops_with_running_attempts_are_not_kept(
    attempt: Callable[[], Coroutine[Any, Any, str]], in_task: bool
) -> None:
    """A loop that is closed without cancelling its tasks never calls their callbacks."""
    single_flight = new_single_flight()
    loops: WeakSet[asyncio.AbstractEventLoop] = WeakSet()

    async def leave(key: str) -> None:
        current = asyncio.current_task()
        if in_task:
            single_flight.start(key, attempt)
        else:
            asyncio.get_running_loop().call_soon(single_flight.start, key, attempt)
        await run_pending_tasks()
        assert asyncio.current_task() is current
        assert single_flight.is_running(key)

    for number in range(20):
        loop = asyncio.new_event_loop()
        loops.add(loop)
        loop.set_exception_handler(lambda *_: None)  # "Task was destroyed but it is pending!"
        loop.run_until_complete(leave(str(number)))
        loop.close()
        del loop
    finished = Attempt()
    finished.finish.set()
    assert asyncio.run(single_flight.run("last", finished)) == "result"
    gc.collect()
    assert not loops


def test_attempt_of_another_open_event_loop_is_kept() -> None:
    """A second loop starts an attempt under another key; the first one is still shared."""
    single_flight, attempt = new_single_flight(), Attempt()

    async def start(key: str) -> None:
        single_flight.start(key, attempt)

    async def shared() -> str:
        assert single_flight.is_running("a")
        attempt.finish.set()
        return await single_flight.run("a", attempt)

    with asyncio.Runner() as runner, asyncio.Runner() as other:
        runner.run(start("a"))
        other.run(start("b"))
        assert runner.run(shared()) == "result"


async def test_exception_of_an_attempt_is_raised_in_its_callers() -> None:
    """It is a bug, so it is not hidden."""

    async def attempt() -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await new_single_flight().run("a", attempt)
