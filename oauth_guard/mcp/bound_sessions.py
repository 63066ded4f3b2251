"""BoundSessions: each session of an MCP server belongs to the caller who opened it."""

from collections.abc import Iterable

from oauth_guard.asgi import (
    REQUEST,
    Application,
    Connection,
    Message,
    Receive,
    Send,
    send_response,
)
from oauth_guard.mcp.owner_tags import OwnerTags, owner_of

__all__ = ["BoundSessions"]

_FIELD = b"mcp-session-id"
_NOT_FOUND = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Session not found"}}'
_FIELDS = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))
_POLICY_VIOLATION = 1008


class BoundSessions:
    """Adds to each session identifier of *app* a tag of its owner, and checks it in requests.

    The owner is the issuer, subject and client of the caller, or its token if that has no subject.
    A request with another tag is 404 and does not reach *app*, which sees its own identifiers.
    Nothing is stored.

    Does not bind identifiers that a server puts elsewhere, such as in a query.

    Args:
        app: The server; its caller is in `user` of the connection, as an `AuthenticatedUser`.
        tags: Signs identifiers.
    """

    def __init__(self, app: Application, tags: OwnerTags) -> None:
        self.application = app
        self._tags = tags

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Serve one connection, with the request of the middleware and its caller in it."""
        request = scope.get(REQUEST)
        if request is None or request.validated is None:  # a lifespan, or its path is public
            await self.application(scope, receive, send)
            return
        owner = owner_of(scope["user"])
        headers = list[tuple[bytes, bytes]]()
        for name, value in scope["headers"]:
            known = self._tags.remove(value, owner) if name == _FIELD else value
            if known is None:
                await _reject(scope, send)
                return
            headers.append((name, known))
        scope["headers"] = headers

        async def send_tagged(message: Message) -> None:
            if message["type"] == "http.response.start":
                fields = self._with_tags(message.get("headers", ()), owner)
                message = {**message, "headers": fields}
            await send(message)

        await self.application(scope, receive, send_tagged)

    def _with_tags(
        self, headers: Iterable[tuple[bytes, bytes]], owner: bytes
    ) -> list[tuple[bytes, bytes]]:
        return [
            (name, self._tags.add(value, owner)) if name.lower() == _FIELD else (name, value)
            for name, value in headers
        ]


async def _reject(connection: Connection, send: Send) -> None:
    if connection["type"] == "http":
        await send_response(send, connection["method"], 404, _FIELDS, _NOT_FOUND)
    else:
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
