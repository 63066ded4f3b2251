"""OpenedWebSocket: one guarded WebSocket without a middleware, and what the server gets."""

import asyncio
from itertools import chain, repeat

from oauth_guard import Guard, JWTIssuer
from oauth_guard.asgi import Message, Receive
from oauth_guard.connections.guarded_websocket import GuardedWebSocket
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer
from tests.builders.clock import FakeClock

_CONNECT: Message = {"type": "websocket.connect"}


class OpenedWebSocket:
    """One guarded WebSocket, and what the server gets.

    Attributes:
        clock: The time.
        sent: The messages to the server, of which `slow` is never sent to the end.
    """

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.sent: list[Message] = []
        local = LocalIssuer(clock=self.clock)
        issuer = JWTIssuer(local.issuer, http=local.http, clock=self.clock, leeway=0)
        self._guard = Guard("https://api.test", [issuer], clock=self.clock)
        headers = [(b"authorization", b"Bearer " + local.token().encode())]
        self._request = ResourceRequest({"path": "/", "headers": headers})

    async def connect(self, receive: Receive | None = None) -> GuardedWebSocket:
        """Authenticate, and return the connection, whose first message is the handshake."""
        await self._guard.authenticate(self._request)
        messages = chain([_CONNECT], repeat(None))

        async def receive_first() -> Message:
            return next(messages) or await (receive or _never)()

        return GuardedWebSocket(self._guard, self._request, receive_first, self._send)

    async def open(self, receive: Receive | None = None) -> GuardedWebSocket:
        """Do the same, and receive the handshake."""
        opened = await self.connect(receive)
        assert await opened.receive() == _CONNECT
        return opened

    def end(self, opened: GuardedWebSocket) -> None:
        """End the token, and let *opened* notice it."""
        self.clock.advance(300)
        opened.visit()

    async def _send(self, message: Message) -> None:
        self.sent.append(message)
        if message.get("text") == "slow":
            await _never()


async def _never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError
