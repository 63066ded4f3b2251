"""PossibleStream: a response that becomes a GuardedConnection if it is a stream."""

from collections.abc import Callable, Mapping
from typing import Any

from oauth_guard.asgi import Message, Receive, Send
from oauth_guard.connections.guarded_connection import GuardedConnection
from oauth_guard.guard import Guard
from oauth_guard.protocol.access_target import AccessTarget
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.protocol.requirement import Requirement

__all__ = ["PossibleStream"]


class PossibleStream:
    """One response; it ends with its token if it is a stream.

    A stream is a response whose length is not known at its start, or that is sent in several
    pieces. Most responses are neither, and cost no `GuardedConnection`.

    Args:
        guard: The guard that authenticated the request.
        request: The request.
        receive: Receives from the server.
        send: Sends to the server.
        watch: Called once with the connection when the stream starts.

    Attributes:
        opened: The connection of a stream, and of an application that waits for the client.
        is_watched: Whether the stream has started.
    """

    __slots__ = (
        "_guard",
        "_has_received",
        "_receive",
        "_request",
        "_required",
        "_send",
        "_watch",
        "is_watched",
        "opened",
    )

    def __init__(
        self,
        guard: Guard,
        request: ResourceRequest,
        receive: Receive,
        send: Send,
        watch: Callable[[GuardedConnection], None],
    ) -> None:
        self._guard, self._request = guard, request
        self._receive, self._send, self._watch = receive, send, watch
        self._required: list[Requirement] = []
        self._has_received = self.is_watched = False
        self.opened: GuardedConnection | None = None

    def require(self, requirement: Requirement, target: AccessTarget | Mapping[str, Any]) -> None:
        """Add *requirement*, which the token satisfies now: see `GuardedConnection.require`."""
        if self.opened is None and requirement.policy is None:
            self._required.append(requirement)
        else:
            self._open().require(requirement, target)

    async def receive(self) -> Message:
        """Return the next message, or the disconnection if the token of a stream has ended.

        The first message before the response starts is the request; it is not interrupted.
        """
        if self._has_received or self.opened is not None:  # it waits for the client
            return await self._open().receive()
        self._has_received = True
        return await self._receive()

    async def send(self, message: Message) -> None:
        """Send *message*.

        Raises:
            ConnectionAbortedError: The token of a stream has ended.
        """
        if not self.is_watched:
            if message["type"] == "http.response.start":
                headers = message.get("headers", ())
                is_stream = all(name.lower() != b"content-length" for name, _ in headers)
            else:
                is_stream = message.get("more_body", False)
                if is_stream:
                    self._open().has_started()
            if not is_stream:
                await self._send(message)
                return
            self.is_watched = True
            self._watch(self._open())
        await self._open().send(message)

    def _open(self) -> GuardedConnection:
        if self.opened is None:
            self.opened = GuardedConnection(
                self._guard, self._request, self._receive, self._send, is_http=True
            )
            for requirement in self._required:
                self.opened.require(requirement, {})
        return self.opened
