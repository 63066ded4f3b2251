"""DeferredResponse: a response whose start waits until the operation is allowed or rejected."""

import asyncio
from contextlib import suppress

from oauth_guard.asgi import Connection, Message, Send, send_rejection
from oauth_guard.protocol.challenge import Rejection

__all__ = ["DEFERRED_RESPONSE", "DeferredResponse"]

DEFERRED_RESPONSE = "oauth_guard.mcp.deferred_response"
"""The key under which the `DeferredResponse` is in the ASGI connection."""

_STREAM = b"text/event-stream"


class DeferredResponse:
    """The response to one POST, which becomes a 403 if its message is rejected.

    The package mcp starts a stream of events before it dispatches the message. So the start of a
    stream is deferred until `allow` or `reject` is called, or until an event with a message
    shows that the message is not dispatched. This concerns the status alone: an operation that is
    rejected never runs, and a stream that has started carries the error of the dispatch.

    Attributes:
        checked: The operation of the message that is allowed; None before.
    """

    def __init__(self, connection: Connection, send: Send) -> None:
        self._connection, self._send_now = connection, send
        self._rejection: Rejection | None = None
        self._is_decided = self._is_started = self._is_rejected = False
        self._passes = False
        self._deferred: list[Message] = []
        self._lock = asyncio.Lock()
        self.checked: object = None

    async def send(self, message: Message) -> None:
        """Send *message*, defer it, or replace the whole response by the rejection."""
        if self._passes:
            self._is_started = True
            await self._send_now(message)
            return
        async with self._lock:
            if self._is_rejected:
                return
            if self._rejection is not None and not self._is_started:
                self._is_rejected = True
                await send_rejection(self._rejection, self._connection, self._send_now)
                return
            if not self._is_decided and not self._is_started and _may_precede_dispatch(message):
                self._deferred.append(message)
                return
            await self._release()
            self._is_started = True
            await self._send_now(message)

    def allow(self) -> bool:
        """Note that the message may be dispatched; return whether `release` has anything to do."""
        self._is_decided = True
        self._passes = not (self._is_started or self._deferred or self._lock.locked())
        return not self._passes

    async def release(self) -> None:
        """Send what was deferred."""
        # The client may have disconnected, and its token may have ended.
        with suppress(Exception):
            async with self._lock:
                await self._release()

    def reject(self, rejection: Rejection) -> None:
        """Send *rejection* instead of the response, unless that has started."""
        self._is_decided, self._passes = True, False
        self._rejection = rejection

    async def _release(self) -> None:
        deferred, self._deferred = self._deferred, []
        for message in deferred:
            self._is_started = True
            await self._send_now(message)


def _may_precede_dispatch(message: Message) -> bool:
    """Return whether *message* starts a stream, or is its first event, which is empty."""
    if message["type"] == "http.response.start":
        headers = message.get("headers", ())
        return any(n.lower() == b"content-type" and v.startswith(_STREAM) for n, v in headers)
    body = message.get("body", b"")
    return bool(body) and b"data: {" not in body and not body.startswith(b":")
