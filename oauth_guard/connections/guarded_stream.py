"""GuardedStream: a response that ends with its token if it is a stream."""

from collections.abc import Awaitable, Callable

from oauth_guard.asgi import Message, Receive, Send
from oauth_guard.connections.guarded_connection import GuardedConnection
from oauth_guard.guard import Guard
from oauth_guard.protocol.request import ResourceRequest

__all__ = ["GuardedStream"]


class GuardedStream(GuardedConnection):
    """A response; it is watched, and ends with its token, if it is a stream.

    A stream is a response whose length is not known at its start, or that is sent in several
    pieces.

    Args:
        guard: The guard that authenticated the request.
        request: The request.
        receive: Receives from the server.
        send: Sends to the server.
        watch: Called once with the connection when the stream starts.
    """

    _has_received = False

    def __init__(
        self,
        guard: Guard,
        request: ResourceRequest,
        receive: Receive,
        send: Send,
        watch: Callable[["GuardedStream"], None],
    ) -> None:
        super().__init__(guard, request, receive, send)
        self._watch = watch

    def receive(self) -> Awaitable[Message]:
        """Return the next message, or the disconnection if the token of a stream has ended.

        The first message before the response starts is the request; it is not interrupted.
        """
        if self._has_received or self.slot is not None:  # it waits for the client
            return self._receive_until_end()
        self._has_received = True
        return self._receive()

    async def send(self, message: Message) -> None:
        """Send *message*.

        Raises:
            ConnectionAbortedError: The token of a stream has ended.
        """
        kind, more_follows = message["type"], message.get("more_body", False)
        if self.slot is None:
            if kind == "http.response.start":
                names = [name.lower() for name, _ in message.get("headers", ())]
                is_stream = b"content-length" not in names
            else:
                is_stream = self.is_open = more_follows
            if not is_stream:
                await self._send(message)
                return
            self._watch(self)
        if self.code is None and kind == "http.response.body" and not more_follows:
            self.is_open = False
            await self._send(message)
            return
        await self._send_until_end(message)
        if kind == "http.response.start":
            self.is_open = True

    def _disconnection(self) -> Message:
        return {"type": "http.disconnect"}

    def _last_message(self) -> Message:
        return {"type": "http.response.body", "body": b"", "more_body": False}
