"""RequestSlots: 64 at once, and deadlines that leave out the stalls of the loop."""

import asyncio
import time

import pytest

from oauth_guard.issuers.request_slots import RequestSlots


def new_slots(stalls: list[float]) -> RequestSlots:
    """Return slots of the running loop that add what they notice to *stalls*."""
    return RequestSlots(stalls.append, lambda: False)


async def test_65th_request_waits_for_a_slot() -> None:
    """More than 32 are a crowd."""
    slots = new_slots([])
    for used in range(64):
        assert slots.crowded == (used > 32)
        assert not slots.full
        await slots.acquire(0.01)
    assert slots.full
    with pytest.raises(TimeoutError):
        await slots.acquire(0.01)
    asyncio.get_running_loop().call_later(0.01, slots.release)
    await slots.acquire(1)
    for _ in range(64):
        slots.release()
    assert not slots.full
    assert not slots.crowded


async def test_stall_counts_against_no_deadline() -> None:
    """It is reported."""
    stalls: list[float] = []
    slots = new_slots(stalls)
    begun = time.monotonic()
    waiting = asyncio.create_task(slots.within(0.3, asyncio.sleep(10)))
    await asyncio.sleep(0.15)
    time.sleep(0.5)  # noqa: ASYNC251 - the application blocks its loop
    with pytest.raises(TimeoutError):
        await waiting
    assert stalls == [pytest.approx(0.45, abs=0.1)]
    assert time.monotonic() - begun > 0.3 + stalls[0] - 0.1


async def test_deadline_that_passed_before_a_stall_is_over() -> None:
    """A deadline is not moved once it has passed."""
    slots = new_slots([])
    first = asyncio.create_task(slots.within(0.02, asyncio.sleep(10)))
    second = asyncio.create_task(slots.within(5, asyncio.sleep(0.3, "done")))
    await asyncio.sleep(0.01)
    time.sleep(0.5)  # noqa: ASYNC251 - the application blocks its loop
    with pytest.raises(TimeoutError):
        await first
    assert await second == "done"
