"""GuardedWebSocket: what its application receives and may send, before and after the end."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from oauth_guard.asgi import Message
from tests.unit.connections.opened_websocket import OpenedWebSocket

TEXT: Message = {"type": "websocket.send", "text": "x"}
SLOW: Message = {"type": "websocket.send", "text": "slow"}  # is never sent to the end


async def test_application_that_waits_receives_the_disconnection() -> None:
    """After the close was sent to the server."""
    world = OpenedWebSocket()
    opened = await world.open()
    waiting = asyncio.ensure_future(opened.receive())
    await asyncio.sleep(0)
    opened.visit()
    assert opened.code is None
    world.end(opened)
    opened.visit()
    expected = {"type": "websocket.disconnect", "code": 3000, "reason": "access token expired"}
    assert await waiting == expected == await opened.receive()
    close = {"type": "websocket.close", "code": 3000, "reason": "access token expired"}
    assert world.sent == [close]
    await opened.send({"type": "websocket.close"})
    with pytest.raises(ConnectionAbortedError):
        await opened.send({"type": "websocket.send", "text": "x"})
    assert world.sent == [close]
    await opened.aclose()


@pytest.mark.parametrize(
    "last",
    [
        {"type": "websocket.close"},
        {"type": "websocket.http.response.body"},
        {"type": "websocket.http.response.body", "more_body": False},
    ],
    ids=["close", "denial", "end of a denial"],
)
async def test_websocket_that_its_application_has_closed_is_not_closed_again(
    last: dict[str, Any],
) -> None:
    """The server would reject a second close."""
    world = OpenedWebSocket()
    opened = await world.open()
    await opened.send(last)
    world.end(opened)
    assert (world.sent, opened.code) == ([last], None)


async def test_handshake_that_is_accepted_after_the_end_of_its_token_raises() -> None:
    """The server gets the close alone, although no wait for the handshake is interrupted."""
    world = OpenedWebSocket()
    opened = await world.open()
    world.end(opened)
    with pytest.raises(ConnectionAbortedError):
        await opened.send({"type": "websocket.accept"})
    assert [message["type"] for message in world.sent] == ["websocket.close"]


async def test_token_that_ends_before_the_handshake_is_received_ends_it() -> None:
    """The application receives the disconnection as its first message."""
    world = OpenedWebSocket()
    opened = await world.connect()
    world.end(opened)
    assert (await opened.receive())["type"] == "websocket.disconnect"


async def test_denial_of_several_pieces_can_end_with_its_token() -> None:
    """Before its last piece."""
    world = OpenedWebSocket()
    opened = await world.open()
    await opened.send({"type": "websocket.http.response.body", "more_body": True})
    world.end(opened)
    assert [message["type"] for message in world.sent[1:]] == []
    await opened.aclose()
    assert [message["type"] for message in world.sent[1:]] == ["websocket.close"]


async def test_websocket_that_its_client_has_left_is_not_closed() -> None:
    """Whatever its application still does."""
    world = OpenedWebSocket()
    opened = await world.open(receive=_left)
    assert (await opened.receive())["type"] == "websocket.disconnect"
    world.end(opened)
    await opened.aclose()
    assert (world.sent, opened.code) == ([], None)


async def _left() -> Message:
    return {"type": "websocket.disconnect", "code": 1001}


async def test_message_that_the_server_returns_although_interrupted_is_not_received() -> None:
    """It came after the end of the token."""
    world = OpenedWebSocket()
    opened = await world.open(receive=_returning_when_cancelled)
    waiting = asyncio.ensure_future(opened.receive())
    await asyncio.sleep(0)
    world.end(opened)
    assert (await waiting)["type"] == "websocket.disconnect"


async def _returning_when_cancelled() -> Message:
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    return {"type": "websocket.receive", "text": "late"}


async def test_server_may_return_any_awaitable() -> None:
    """Granian returns no coroutines."""
    world = OpenedWebSocket()
    opened = await world.open(receive=_future)
    assert await opened.receive() == {"type": "websocket.receive", "text": "x"}


def _future() -> asyncio.Future[Message]:
    future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    future.set_result({"type": "websocket.receive", "text": "x"})
    return future


async def test_task_may_drive_another_coroutine_that_waits() -> None:
    """As Shiny's does, by hand; the end of the token interrupts the task once."""
    world = OpenedWebSocket()
    opened = await world.open()

    async def application() -> tuple[Message, int]:
        driven = opened.send(SLOW).__await__()
        next(driven)
        await opened.send(TEXT)
        message = await opened.receive()
        driven.close()
        task: asyncio.Task[Any] = asyncio.current_task()  # type: ignore[assignment] # it is in one
        return message, task.cancelling()

    running = asyncio.ensure_future(application())
    await asyncio.sleep(0)
    assert world.sent == [SLOW, TEXT]
    world.end(opened)
    message, cancelling = await running
    assert (message["type"], cancelling) == ("websocket.disconnect", 0)


async def test_callback_may_drive_a_coroutine_that_sends() -> None:
    """Then no task is there to be interrupted."""
    world = OpenedWebSocket()
    opened = await world.open()
    asyncio.get_running_loop().call_soon(lambda: list(opened.send(TEXT).__await__()))
    await asyncio.sleep(0)
    assert world.sent == [TEXT]
