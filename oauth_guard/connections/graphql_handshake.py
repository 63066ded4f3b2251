"""GraphQLHandshake: accepts a GraphQL WebSocket to read the token in its first message."""

import asyncio
from collections import deque

from oauth_guard.asgi import Connection, Message, Receive, Send
from oauth_guard.protocol.connection_init import GRAPHQL, ConnectionInit, read_connection_init

__all__ = ["GraphQLHandshake"]

_SECONDS = 5
_DENIAL = "websocket.http.response"
_UNAUTHORIZED, _FORBIDDEN, _TIMED_OUT, _TRY_AGAIN_LATER = 4401, 4403, 4408, 1013
_CODES = {403: _FORBIDDEN, 503: _TRY_AGAIN_LATER}
_REASONS = {
    _UNAUTHORIZED: "Unauthorized",
    _FORBIDDEN: "Forbidden",
    _TIMED_OUT: "Connection initialisation timeout",
    _TRY_AGAIN_LATER: "Try again later",
}


class GraphQLHandshake:
    """A WebSocket of graphql-transport-ws, whose token is in the message `connection_init`.

    To read that message the WebSocket is accepted before its caller is known. The application
    sees no message until then. It is served as if the WebSocket were not accepted yet. What
    it sends to reject the handshake becomes a close: with 4403 for status 403, 1013 for 503, else
    4401.

    Args:
        receive: Receives from the server.
        send: Sends to the server.
        seconds: For how long the first message is waited for.
    """

    def __init__(self, receive: Receive, send: Send, *, seconds: float = _SECONDS) -> None:
        self._receive, self._send, self._seconds = receive, send, seconds
        self._messages: deque[Message] = deque()
        self._is_pending = True  # whether the application has neither accepted nor rejected it
        self._code = _UNAUTHORIZED

    async def read(self) -> ConnectionInit:
        """Accept the WebSocket, and return its first message."""
        message = await self._receive()
        self._messages.append(message)
        if message["type"] != "websocket.connect":
            return ConnectionInit(None)
        await self._send({"type": "websocket.accept", "subprotocol": GRAPHQL, "headers": []})
        try:
            async with asyncio.timeout(self._seconds):
                message = await self._receive()
        except TimeoutError:
            self._code = _TIMED_OUT
            return ConnectionInit(None)
        if message["type"] != "websocket.receive":
            self._messages = deque([message])  # the client has disconnected
            return ConnectionInit(None)
        read = read_connection_init(message.get("text"))
        self._messages.append({"type": "websocket.receive", "text": read.text})
        return read

    def connection(self, connection: Connection) -> Connection:
        """Return a copy of *connection* in which the application can reject with a status."""
        extensions = {**(connection.get("extensions") or {}), _DENIAL: {}}
        return {**connection, "extensions": extensions}

    async def receive(self) -> Message:
        """Return the next message: first those that were read already."""
        return self._messages.popleft() if self._messages else await self._receive()

    async def send(self, message: Message) -> None:
        """Send *message*, unless it accepts the WebSocket or is the body of a rejection."""
        if not self._is_pending:
            if message["type"] != f"{_DENIAL}.body":
                await self._send(message)
            return
        self._is_pending = False
        if message["type"] == f"{_DENIAL}.start":
            await self._close(_CODES.get(message["status"], self._code))
        elif message["type"] == "websocket.close" and message.get("code", 1000) < 3000:  # noqa: PLR2004 - what is below means nothing for a handshake
            await self._close(_FORBIDDEN)
        elif message["type"] != "websocket.accept":
            await self._send(message)

    async def _close(self, code: int) -> None:
        reason = _REASONS[code]
        await self._send({"type": "websocket.close", "code": code, "reason": reason})
