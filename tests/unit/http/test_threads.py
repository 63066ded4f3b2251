"""call_in_thread and wait_for_call: a call that blocks a thread, and nothing else."""

import asyncio
import threading

import pytest

from oauth_guard.http.threads import call_in_thread, wait_for_call


async def test_result_of_the_call_is_returned() -> None:
    """The call runs in a daemon thread, which does not delay the end of the process."""
    thread = await wait_for_call(call_in_thread(threading.current_thread))
    assert thread is not threading.current_thread()
    assert thread.daemon


async def test_error_of_the_call_is_raised_in_each_waiter() -> None:
    """It does not end the thread with a report."""

    def fail() -> None:
        raise ValueError("no")

    future = call_in_thread(fail)
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            await wait_for_call(future)


async def test_hundred_calls_that_block_do_not_delay_another() -> None:
    """The default executor of the loop would be exhausted."""
    release = threading.Event()
    blocked = [call_in_thread(release.wait) for _ in range(100)]
    try:
        async with asyncio.timeout(5):
            await wait_for_call(call_in_thread(threading.current_thread))
            assert await asyncio.to_thread(lambda: 2) == 2
    finally:
        release.set()
    for each in blocked:
        assert await wait_for_call(each)


async def test_cancelled_waiter_does_not_cancel_the_call() -> None:
    """Others may wait for it."""
    release = threading.Event()
    future = call_in_thread(release.wait)
    waiter = asyncio.create_task(wait_for_call(future))
    await asyncio.sleep(0)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    release.set()
    assert await wait_for_call(future)


def test_call_outlives_the_event_loop_that_waits_for_it(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is logged, and another loop can still wait for it."""
    release = threading.Event()
    future = call_in_thread(release.wait)
    loop = asyncio.new_event_loop()
    waiter = loop.create_task(wait_for_call(future))
    loop.run_until_complete(asyncio.sleep(0))
    waiter.cancel()
    loop.run_until_complete(asyncio.wait([waiter]))
    loop.close()
    release.set()
    assert asyncio.run(wait_for_call(future))
    assert caplog.records == []
