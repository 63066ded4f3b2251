"""GuardedWebSocket: what its application receives and may send, before and after the end."""

import asyncio
from typing import Any

import pytest

from tests.unit.connections.opened_websocket import OpenedWebSocket


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
