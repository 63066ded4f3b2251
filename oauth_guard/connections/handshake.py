"""Handshake: a WebSocket that a route check has rejected gets the whole response."""

from collections.abc import Awaitable

from oauth_guard.asgi import Connection, Message, Send, send_denial, supports_denial_response
from oauth_guard.protocol.challenge import Rejection

__all__ = ["HANDSHAKE", "AnonymousWebSocket", "Handshake"]

HANDSHAKE = "oauth_guard.handshake"
"""The key under which the `Handshake` is in the ASGI connection."""


class Handshake:
    """Keeps the rejection by a route check until the application accepts or closes the WebSocket.

    Most frameworks can only close a WebSocket that they reject, and servers send that as status
    403 without a challenge. So the rejection takes the place of such a close. A subclass sets
    `_send`, which sends to the server.
    """

    _send: Send
    _is_accepted = False
    _rejection: Rejection | None = None

    def reject(self, connection: Connection, rejection: Rejection) -> None:
        """Note *rejection*, unless it is too late or the server of *connection* can't send it."""
        if not self._is_accepted and supports_denial_response(connection):
            self._rejection = rejection

    def _send_decision(self, message: Message) -> Awaitable[None]:
        """Send *message*, or in place of a close the rejection."""
        kind = message["type"]
        if kind == "websocket.accept":
            self._is_accepted, self._rejection = True, None
        elif kind == "websocket.close" and self._rejection is not None:
            return send_denial(self._rejection, self._send)
        return self._send(message)


class AnonymousWebSocket(Handshake):
    """A WebSocket without a token, which has no end of its own.

    Args:
        send: Sends to the server.
    """

    def __init__(self, send: Send) -> None:
        self._send = send

    def send(self, message: Message) -> Awaitable[None]:
        """Send *message*, or in place of a close the rejection of a route check."""
        return self._send_decision(message)
