"""One attempt serves all who wait, and survives whoever gives up."""

import asyncio
from contextvars import ContextVar

import pytest

from oauth_guard.single_flight import SingleFlight

CALLER = ContextVar("caller", default="nobody")


class Attempt:
    """An attempt that is held back until a test lets it go."""

    def __init__(self) -> None:
        self.begun = 0
        self.callers: list[str] = []
        self.go = asyncio.Event()

    async def __call__(self) -> str:
        """Wait to be let go."""
        self.begun += 1
        self.callers.append(CALLER.get())
        await self.go.wait()
        return "landed"


async def begun() -> None:
    """Let every task go on until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


def flights() -> SingleFlight[str, str]:
    """Return flights, none of them under way."""
    return SingleFlight(closed="closed")


async def test_all_who_wait_share_one_attempt() -> None:
    """The next attempt begins only when the first has ended."""
    attempt, several = Attempt(), flights()
    waiting = [asyncio.create_task(several.run("a", attempt)) for _ in range(20)]
    await begun()
    assert several.in_flight("a")
    waiting[0].cancel()
    attempt.go.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert outcomes[1:] == ["landed"] * 19
    assert attempt.begun == 1
    assert not several.in_flight("a")
    assert await several.run("a", attempt) == "landed"
    assert attempt.begun == 2


async def test_whoever_gave_up_is_not_told() -> None:
    """That would be a fault, which the loop reports."""
    attempt, several, faults = Attempt(), flights(), []
    asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
    waiting = [asyncio.create_task(several.run("a", attempt)) for _ in range(2)]
    await begun()
    waiting[0].cancel()
    attempt.go.set()
    assert await waiting[1] == "landed"
    assert not faults


async def test_each_key_has_its_own_attempt() -> None:
    """Who wants one waits for no other."""
    held, quick, several = Attempt(), Attempt(), flights()
    quick.go.set()
    waiting = asyncio.create_task(several.run("held", held))
    await begun()
    assert await several.run("quick", quick) == "landed"
    assert not waiting.done()
    held.go.set()
    assert await waiting == "landed"


async def test_nobody_is_the_caller() -> None:
    """What serves everybody carries nobody's context."""
    attempt = Attempt()
    attempt.go.set()
    token = CALLER.set("somebody")
    await flights().run("a", attempt)
    CALLER.reset(token)
    assert attempt.callers == ["nobody"]


async def test_closing_ends_the_attempts() -> None:
    """Whoever waits is told; closing what is not under way does nothing."""
    attempt, several = Attempt(), flights()
    waiting = [asyncio.create_task(several.run(key, attempt)) for key in ("a", "a", "b")]
    await begun()
    await several.aclose()
    assert await asyncio.gather(*waiting) == ["closed"] * 3
    await several.aclose()
    assert attempt.begun == 2


async def test_an_attempt_may_begin_while_one_that_was_closed_ends() -> None:
    """The end of the old one is not taken for the end of the new one."""
    attempt, several = Attempt(), flights()
    old = several.start("a", attempt)
    closing = asyncio.create_task(several.aclose())
    await asyncio.sleep(0)
    new = several.start("a", attempt)
    await closing
    assert old.cancelled()
    assert several.in_flight("a")
    attempt.go.set()
    assert await new == "landed"


def test_an_attempt_belongs_to_its_loop() -> None:
    """What another loop left behind is not waited for."""
    several = flights()
    held, quick = Attempt(), Attempt()
    quick.go.set()

    async def leave() -> None:
        several.start("a", held)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(leave())
    assert asyncio.run(several.run("a", quick)) == "landed"
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(begun())
    loop.close()


async def test_a_fault_of_ours_reaches_whoever_waits() -> None:
    """It is no outage, so it is not hidden."""

    async def attempt() -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await flights().run("a", attempt)
