"""GuardedConnection: what its application receives and may send, before and after the end."""

import asyncio
from itertools import chain, repeat
from typing import Any

import pytest

from oauth_guard import Guard, JWTIssuer
from oauth_guard.asgi import Message, Receive
from oauth_guard.connections.guarded_connection import GuardedConnection
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer
from tests.builders.clock import FakeClock

_CONNECT: Message = {"type": "websocket.connect"}


class _Opened:
    """One guarded connection, and what the server gets.

    Attributes:
        clock: The time.
        sent: The messages to the server.
    """

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.sent: list[Message] = []
        local = LocalIssuer(clock=self.clock)
        issuer = JWTIssuer(local.issuer, http=local.http, clock=self.clock, leeway=0)
        self._guard = Guard("https://api.test", [issuer], clock=self.clock)
        headers = [(b"authorization", b"Bearer " + local.token().encode())]
        self._request = ResourceRequest({"path": "/", "headers": headers})

    async def open(
        self, *, is_http: bool = False, receive: Receive | None = None
    ) -> GuardedConnection:
        """Authenticate, and return the connection, whose first message was received."""
        await self._guard.authenticate(self._request)
        messages = chain([] if is_http else [_CONNECT], repeat(None))

        async def receive_first() -> Message:
            return next(messages) or await (receive or self._receive)()

        opened = GuardedConnection(
            self._guard, self._request, receive_first, self._send, is_http=is_http
        )
        if not is_http:
            assert await opened.receive() == _CONNECT
        return opened

    async def _receive(self) -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def _send(self, message: Message) -> None:
        self.sent.append(message)
        if message.get("text") == "slow":
            await asyncio.Event().wait()


async def test_application_that_waits_receives_the_disconnection() -> None:
    """After the close was sent to the server."""
    world = _Opened()
    opened = await world.open()
    waiting = asyncio.create_task(opened.receive())
    await asyncio.sleep(0)
    opened.visit()
    assert opened.code is None
    world.clock.advance(300)
    opened.visit()
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


async def test_message_that_the_client_does_not_read_blocks_no_end() -> None:
    """The send is interrupted, and raises."""
    world = _Opened()
    opened = await world.open()
    sending = asyncio.create_task(opened.send({"type": "websocket.send", "text": "slow"}))
    await asyncio.sleep(0)
    world.clock.advance(300)
    opened.visit()
    with pytest.raises(ConnectionAbortedError):
        await sending
    assert world.sent[-1]["type"] == "websocket.close"


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
    world = _Opened()
    opened = await world.open()
    await opened.send(last)
    world.clock.advance(300)
    opened.visit()
    assert (world.sent, opened.code) == ([last], None)


async def test_response_is_ended_between_its_start_and_its_end_only() -> None:
    """Before the start there is nothing to end."""
    world = _Opened()
    opened = await world.open(is_http=True)
    world.clock.advance(300)
    opened.visit()
    await opened.send({"type": "http.response.start", "status": 200})
    await opened.send({"type": "http.response.body", "body": b"x", "more_body": True})
    opened.visit()
    assert await opened.receive() == {"type": "http.disconnect"}
    assert world.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    with pytest.raises(ConnectionAbortedError):
        await opened.send({"type": "http.response.body", "body": b"x"})


async def test_cancelled_application_is_cancelled_though_its_token_ends() -> None:
    """A server that shuts down cancels it while it waits."""
    world = _Opened()
    opened = await world.open()
    waiting = asyncio.create_task(opened.receive())
    await asyncio.sleep(0)
    waiting.cancel()
    world.clock.advance(300)
    opened.visit()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await opened.aclose()


async def test_end_of_the_token_leaves_the_task_uncancelled() -> None:
    """So that `asyncio.timeout` and task groups of the application go on as before."""
    world = _Opened()
    opened = await world.open()

    async def application() -> tuple[str, int]:
        async with asyncio.timeout(60):
            message = await opened.receive()
        task = asyncio.current_task()
        assert task is not None
        return message["type"], task.cancelling()

    running = asyncio.create_task(application())
    await asyncio.sleep(0)
    world.clock.advance(300)
    opened.visit()
    assert await running == ("websocket.disconnect", 0)


async def test_error_of_the_server_is_raised_though_the_token_ends() -> None:
    """It is raised while the wait is being interrupted, and the task stays uncancelled."""
    world = _Opened()
    opened = await world.open(receive=_failing_when_cancelled)
    running = asyncio.create_task(opened.receive())
    await asyncio.sleep(0)
    world.clock.advance(300)
    opened.visit()
    with pytest.raises(OSError, match="gone"):
        await running
    assert running.cancelling() == 0


async def _failing_when_cancelled() -> Message:
    try:
        await asyncio.Event().wait()
    finally:
        raise OSError("gone")


async def test_handshake_that_is_accepted_after_the_end_of_its_token_raises() -> None:
    """The server gets the close alone, although no wait for the handshake is interrupted."""
    world = _Opened()
    opened = await world.open()
    world.clock.advance(300)
    opened.visit()
    with pytest.raises(ConnectionAbortedError):
        await opened.send({"type": "websocket.accept"})
    assert [message["type"] for message in world.sent] == ["websocket.close"]
