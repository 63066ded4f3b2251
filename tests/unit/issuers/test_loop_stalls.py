"""StallMonitor: how long the event loop was blocked."""

import asyncio
import time

import pytest

from oauth_guard.issuers.loop_stalls import StallMonitor


async def test_blocked_loop_is_measured() -> None:
    """An idle one is not a stall."""
    stalls: list[float] = []
    monitor = StallMonitor(stalls.append, lambda: True)
    monitor.start(asyncio.get_running_loop())
    monitor.start(asyncio.get_running_loop())
    await asyncio.sleep(0.35)
    assert stalls == []
    time.sleep(0.5)  # noqa: ASYNC251 - the application blocks its loop
    await asyncio.sleep(0.15)
    assert stalls == [pytest.approx(0.45, abs=0.1)]


async def test_monitor_stops_when_it_is_not_needed_and_can_start_again() -> None:
    """It leaves no timer behind."""
    checks = 0

    def is_needed() -> bool:
        nonlocal checks
        checks += 1
        return False

    monitor = StallMonitor(lambda _: None, is_needed)
    monitor.start(asyncio.get_running_loop())
    await asyncio.sleep(0.35)
    assert checks == 1
    monitor.start(asyncio.get_running_loop())
    await asyncio.sleep(0.15)
    assert checks == 2


def test_monitor_of_a_former_loop_stops() -> None:
    """The running loop takes over."""
    checks = 0

    def is_needed() -> bool:
        nonlocal checks
        checks += 1
        return True

    monitor = StallMonitor(lambda _: None, is_needed)
    with asyncio.Runner() as first, asyncio.Runner() as second:
        first.get_loop().call_soon(monitor.start, first.get_loop())
        first.run(asyncio.sleep(0))
        second.get_loop().call_soon(monitor.start, second.get_loop())
        second.run(asyncio.sleep(0))
        first.run(asyncio.sleep(0.15))
        assert checks == 0
        second.run(asyncio.sleep(0.01))
        assert checks == 1
