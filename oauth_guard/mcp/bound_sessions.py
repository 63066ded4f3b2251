"""BoundSessions: each session of an MCP server belongs to the caller who opened it."""

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from oauth_guard.asgi import (
    REQUEST,
    Application,
    Connection,
    Message,
    Receive,
    Send,
    send_response,
)
from oauth_guard.errors import ConfigurationError

__all__ = ["BoundSessions"]

_FIELD = b"mcp-session-id"
_MIN_KEY_BYTES = 32
_TAG_BYTES = 16
_SEPARATOR = b"."
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
        key: At least 32 secret bytes, the same in each process that serves the same sessions.
            None for random ones: then a session ends with the process.

    Raises:
        ConfigurationError: The key is too short.
    """

    def __init__(self, app: Application, key: bytes | None) -> None:
        if key is not None and len(key) < _MIN_KEY_BYTES:
            raise ConfigurationError(
                "session_key= is at least 32 secret bytes, the same in each process: make some by "
                "secrets.token_bytes(32), once."
            )
        self.application = app
        self._key = secrets.token_bytes(_MIN_KEY_BYTES) if key is None else key

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Serve one connection, with the request of the middleware and its caller in it."""
        request = scope.get(REQUEST)
        if request is None or request.validated is None:  # a lifespan, or its path is public
            await self.application(scope, receive, send)
            return
        owner = _owner(scope["user"].access_token)
        headers = list[tuple[bytes, bytes]]()
        for name, value in scope["headers"]:
            known = self._known(value, owner) if name == _FIELD else value
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
            (name, _SEPARATOR.join((value, self._tag(value, owner))))
            if name.lower() == _FIELD
            else (name, value)
            for name, value in headers
        ]

    def _known(self, value: bytes, owner: bytes) -> bytes | None:
        """Return the identifier in *value*, or None if it does not belong to *owner*."""
        session, _, tag = value.rpartition(_SEPARATOR)
        return session if hmac.compare_digest(tag, self._tag(session, owner)) else None

    def _tag(self, session: bytes, owner: bytes) -> bytes:
        digest = hmac.digest(self._key, owner + session, sha256)
        return urlsafe_b64encode(digest[:_TAG_BYTES]).rstrip(b"=")


def _owner(token: Any) -> bytes:
    """Return a digest of issuer, subject and client, so that no two owners have the same."""
    parts = (str(token.claims["iss"]), token.subject, token.client_id)
    return sha256(repr(parts).encode("utf-8", "surrogatepass")).digest()


async def _reject(connection: Connection, send: Send) -> None:
    if connection["type"] == "http":
        await send_response(send, connection["method"], 404, _FIELDS, _NOT_FOUND)
    else:
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
