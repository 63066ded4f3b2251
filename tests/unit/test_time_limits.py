"""TimeLimits: operations end in time, and a stall of the event loop counts as one tick."""

import asyncio
import time
from typing import Any

import pytest

from oauth_guard.time_limits import TimeLimits

TICK = 0.02


async def fail() -> None:
    """Raise an error."""
    raise LookupError


async def test_operation_that_ends_in_time_has_its_own_outcome() -> None:
    """A result, or an error."""
    limits = TimeLimits(TICK)
    assert await limits.within(1, asyncio.sleep(2 * TICK, "result")) == "result"
    with pytest.raises(LookupError):
        await limits.within(1, fail())
    assert not limits.in_use


@pytest.mark.parametrize("seconds", [0, TICK / 2, 5 * TICK, 5.5 * TICK], ids=str)
async def test_operation_that_takes_too_long_ends_within_a_tick_of_its_limit(
    seconds: float,
) -> None:
    """Never before its limit, wherever in a tick it began."""
    limits = TimeLimits(TICK)
    shorter = asyncio.create_task(limits.within(seconds, asyncio.sleep(10)))
    longer = asyncio.create_task(limits.within(5, asyncio.sleep(20 * TICK, "result")))
    await asyncio.sleep(TICK / 4)
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        await limits.within(seconds, asyncio.sleep(10))
    assert time.monotonic() - begun >= seconds
    with pytest.raises(TimeoutError):
        await shorter
    assert limits.in_use
    assert await longer == "result"


async def test_stall_of_the_loop_counts_as_one_tick() -> None:
    """The operation goes on with what arrived meanwhile, and has the other ticks for the rest."""

    async def work() -> str:
        await asyncio.sleep(TICK)
        return await asyncio.sleep(2 * TICK, "result")

    waiting = asyncio.create_task(TimeLimits(TICK).within(5 * TICK, work()))
    await asyncio.sleep(0)
    time.sleep(20 * TICK)  # noqa: ASYNC251 - the application blocks its loop
    assert await waiting == "result"


async def test_cancelled_operation_is_no_timeout() -> None:
    """The caller is cancelled, and nothing is in progress."""
    limits = TimeLimits(TICK)
    waiting = asyncio.create_task(limits.within(1, asyncio.sleep(10)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not limits.in_use


async def test_operation_that_ignores_its_end_has_its_own_outcome() -> None:
    """It is interrupted once."""
    interruptions = 0

    async def insist() -> str:
        nonlocal interruptions
        for _ in range(2):
            try:
                await asyncio.sleep(5 * TICK)
            except asyncio.CancelledError:
                interruptions += 1
        return "result"

    assert await TimeLimits(TICK).within(TICK, insist()) == "result"
    assert interruptions == 1


class CountingLoop(asyncio.SelectorEventLoop):
    """An event loop that counts the timers that are started."""

    timers = 0

    def call_at(  # type: ignore[override] # takes any arguments
        self, *args: Any, **settings: Any
    ) -> asyncio.TimerHandle:
        """Count the timer."""
        self.timers += 1
        return super().call_at(*args, **settings)


def test_timer_stops_with_the_last_operation_and_starts_with_the_next() -> None:
    """One timer serves them all."""
    limits = TimeLimits(TICK)
    never = asyncio.Event()

    async def work(loop: CountingLoop) -> list[int]:
        timers = []
        for _ in range(2):
            waiting = [limits.within(3 * TICK, never.wait()) for _ in range(50)]
            outcomes = await asyncio.gather(*waiting, return_exceptions=True)
            assert {type(each) for each in outcomes} == {TimeoutError}
            await asyncio.sleep(3 * TICK)
            timers.append(loop.timers)
        return timers

    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, CountingLoop)
        first, second = runner.run(work(loop))
    assert first <= 6  # the sleep included
    assert second == 2 * first


def test_limits_apply_in_each_of_two_event_loops() -> None:
    """To an operation of the first that is still in progress when the second has ended, too."""
    limits = TimeLimits(TICK)

    async def begin() -> "asyncio.Task[None]":
        task = asyncio.create_task(limits.within(4 * TICK, asyncio.sleep(10)))
        await asyncio.sleep(0)
        return task

    async def time_out(task: "asyncio.Task[None] | None" = None) -> None:
        with pytest.raises(TimeoutError):
            await (task or limits.within(2 * TICK, asyncio.sleep(10)))

    with asyncio.Runner() as first, asyncio.Runner() as second:
        unfinished = first.run(begin())
        second.run(time_out())
        first.run(time_out(unfinished))
        begun = time.monotonic()
        first.run(time_out())
        assert time.monotonic() - begun >= 2 * TICK
