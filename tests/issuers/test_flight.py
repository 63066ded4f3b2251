"""One attempt serves all who wait, and survives whoever gives up."""

import asyncio
from contextvars import ContextVar

import pytest

from oauth_guard.issuers.flight import Flight

CALLER = ContextVar("caller", default="nobody")


class Attempt:
    """An attempt that is held back until a test lets it go."""

    def __init__(self) -> None:
        self.begun = 0
        self.callers: list[str] = []
        self.go = asyncio.Event()

    async def __call__(self) -> None:
        """Wait to be let go."""
        self.begun += 1
        self.callers.append(CALLER.get())
        await self.go.wait()


async def test_all_who_wait_share_one_attempt() -> None:
    """The next attempt begins only when the first has ended."""
    attempt = Attempt()
    flight = Flight(attempt)
    waiting = [asyncio.create_task(flight.land()) for _ in range(20)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting[0].cancel()
    attempt.go.set()
    await asyncio.wait(waiting)
    assert attempt.begun == 1
    assert [task.cancelled() for task in waiting] == [True, *[False] * 19]
    await flight.land()
    assert attempt.begun == 2


async def test_nobody_is_the_caller() -> None:
    """What serves everybody carries nobody's context."""
    attempt = Attempt()
    attempt.go.set()
    token = CALLER.set("somebody")
    await Flight(attempt).land()
    CALLER.reset(token)
    assert attempt.callers == ["nobody"]


async def test_closing_ends_the_attempt() -> None:
    """Whoever waits is let go; closing what is not under way does nothing."""
    attempt = Attempt()
    flight = Flight(attempt)
    waiting = asyncio.create_task(flight.land())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await flight.aclose()
    await waiting
    await flight.aclose()
    assert attempt.begun == 1


def test_an_attempt_belongs_to_its_loop() -> None:
    """What another loop left behind is not waited for."""
    begun = []

    async def attempt() -> None:
        begun.append(asyncio.get_running_loop())
        await asyncio.sleep(0)

    flight = Flight(attempt)
    asyncio.run(flight.land())
    asyncio.run(flight.land())
    assert len(set(map(id, begun))) == 2


async def test_a_fault_of_ours_reaches_whoever_waits() -> None:
    """It is no outage, so it is not hidden."""

    async def attempt() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Flight(attempt).land()
