"""GuardedConnection: the end of a token interrupts waits, and nothing else."""

import asyncio

import pytest

from oauth_guard.asgi import Message
from tests.unit.connections.opened_websocket import OpenedWebSocket


async def test_message_that_the_client_does_not_read_blocks_no_end() -> None:
    """The send is interrupted, and raises."""
    world = OpenedWebSocket()
    opened = await world.open()
    sending = asyncio.ensure_future(opened.send({"type": "websocket.send", "text": "slow"}))
    await asyncio.sleep(0)
    world.end(opened)
    with pytest.raises(ConnectionAbortedError):
        await sending
    assert world.sent[-1]["type"] == "websocket.close"


async def test_cancelled_application_is_cancelled_though_its_token_ends() -> None:
    """A server that shuts down cancels it while it waits."""
    world = OpenedWebSocket()
    opened = await world.open()
    waiting = asyncio.ensure_future(opened.receive())
    await asyncio.sleep(0)
    waiting.cancel()
    world.end(opened)
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await opened.aclose()


async def test_cancelled_application_is_cancelled_once_while_its_token_is_valid() -> None:
    """The wait neither swallows the cancellation nor counts it differently."""
    opened = await OpenedWebSocket().open()
    counts: list[int] = []

    async def application() -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            await opened.receive()
        finally:
            counts.append(task.cancelling())

    running = asyncio.create_task(application())
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert counts == [1]


async def test_end_of_the_token_leaves_the_task_uncancelled() -> None:
    """So that `asyncio.timeout` and task groups of the application go on as before."""
    world = OpenedWebSocket()
    opened = await world.open()

    async def application() -> tuple[str, int]:
        async with asyncio.timeout(60):
            message = await opened.receive()
        task = asyncio.current_task()
        assert task is not None
        return message["type"], task.cancelling()

    running = asyncio.create_task(application())
    await asyncio.sleep(0)
    world.end(opened)
    assert await running == ("websocket.disconnect", 0)


async def test_error_of_the_server_is_raised_though_the_token_ends() -> None:
    """It is raised while the wait is being interrupted, and the task stays uncancelled."""
    world = OpenedWebSocket()
    opened = await world.open(receive=_failing_when_cancelled)
    running = asyncio.ensure_future(opened.receive())
    await asyncio.sleep(0)
    world.end(opened)
    with pytest.raises(OSError, match="gone"):
        await running
    assert running.cancelling() == 0


async def _failing_when_cancelled() -> Message:
    try:
        await asyncio.Event().wait()
    finally:
        raise OSError("gone")
