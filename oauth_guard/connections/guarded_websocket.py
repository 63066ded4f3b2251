"""GuardedWebSocket: a WebSocket that ends with the token that opened it."""

from collections.abc import Awaitable

from oauth_guard.asgi import Message
from oauth_guard.connections.guarded_connection import EXPIRED, REVOKED, GuardedConnection
from oauth_guard.connections.handshake import Handshake

__all__ = ["GuardedWebSocket"]

_REASONS = {EXPIRED: "access token expired", REVOKED: "access token revoked"}


class GuardedWebSocket(Handshake, GuardedConnection):
    """A WebSocket; after its end `websocket.disconnect` has the code of the close.

    The end of the token interrupts what waits for the client. The handshake and the last message
    don't, so they are passed on directly.
    """

    is_open = True
    _has_begun = False

    def receive(self) -> Awaitable[Message]:
        """Return the next message, or the disconnection if the token has ended."""
        if self._has_begun or self.code is not None:
            return self._receive_until_end()
        self._has_begun = True
        return self._receive()  # the server has the handshake ready

    def send(self, message: Message) -> Awaitable[None]:
        """Send *message*.

        Raises:
            ConnectionAbortedError: The token has ended. A WebSocket that the application closes
                is closed already, so then nothing is raised.
        """
        kind = message["type"]
        if self.code is not None:
            return self._closed() if kind == "websocket.close" else self._send_until_end(message)
        if kind == "websocket.accept":
            return self._send_decision(message)
        if kind == "websocket.close" or (
            kind == "websocket.http.response.body" and not message.get("more_body", False)
        ):
            self.is_open = False
            return self._send_decision(message)
        return self._send_until_end(message)

    def _disconnection(self) -> Message:
        return {**self._last_message(), "type": "websocket.disconnect"}

    def _last_message(self) -> Message:
        code = self.code or 0
        return {"type": "websocket.close", "code": code, "reason": _REASONS[code]}
