"""MessageCheck: an MCP server of any kind, whose messages are checked in the bodies of requests."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from oauth_guard.asgi import (
    GUARD,
    REQUEST,
    Application,
    Connection,
    Message,
    Receive,
    Send,
    read_body,
    reject_connection,
)
from oauth_guard.errors import (
    InsufficientScope,
    InvalidRequest,
    InvalidToken,
    Reason,
    RequestRejected,
)
from oauth_guard.guard import Guard
from oauth_guard.mcp.message import check_fields, read_message
from oauth_guard.mcp.operations import Operations
from oauth_guard.protocol.challenge import Rejection
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.route_check import check

__all__ = ["MAX_MESSAGE_BYTES", "MessageCheck"]

MAX_MESSAGE_BYTES = 1024 * 1024

_ERRORS: Mapping[Reason, tuple[int, str]] = {
    Reason.MALFORMED_MESSAGE: (-32600, "The body must be one JSON-RPC message in strict JSON."),
    Reason.HEADER_MISMATCH: (-32020, "The header fields do not match the body."),
}


class MessageCheck:
    """Serves a request by *app* only if its caller may do what the message in its body does.

    For a server whose dispatch can't be checked. The whole body is read, up to 1 MiB, and given
    to *app* in one piece. *app* receives no body that is not one message of strict JSON, over no
    method, so each of its endpoints that takes other bodies must be public. A WebSocket is
    rejected. All is decided before *app* is called, so before a stream begins.

    Does not check how long a body takes; a token that ends in the meantime is rejected.

    Args:
        app: The server.
        operations: What its operations require.
    """

    def __init__(self, app: Application, operations: Operations) -> None:
        self.application = app
        self._operations = operations

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Serve one connection, with guard, request and identity of the middleware in it."""
        request: ResourceRequest | None = scope.get(REQUEST)
        if request is None or request.validated is None:  # a lifespan, or its path is public
            await self.application(scope, receive, send)
            return
        arrival = _Arrival(receive)
        try:
            if scope["type"] != "http":
                raise InsufficientScope
            body, receive = await read_body(arrival.receive, MAX_MESSAGE_BYTES)
            if arrival.is_cut_off:
                return
            rejection = await self._check(scope, body)
        except RequestRejected as error:
            rejection = scope[GUARD].reject(error, request)
        if rejection is not None:
            await reject_connection(rejection, scope, receive, send)
            return
        await self.application(scope, receive, send)

    async def _check(self, connection: Connection, body: bytes) -> Rejection | None:
        guard: Guard = connection[GUARD]
        if guard.clock() >= connection[REQUEST].validated.not_after:
            raise InvalidToken(Reason.EXPIRED)
        if not body and connection["method"] != "POST":
            return None
        message = dict[str, Any]()
        try:
            message = read_message(body)
            check_fields(message, connection["headers"])
        except InvalidRequest as error:
            rejection = guard.reject(error, connection[REQUEST])
            return replace(rejection, body=_error(error.reason, message, rejection.debug))
        operation = self._operations.of_message(message.get("method"), message.get("params"))
        for requirement, target in operation.parts:
            rejected = await check(
                connection, requirement, lambda _: operation.challenge_scope, target
            )
            if rejected is not None:
                return rejected
        return None


class _Arrival:
    """Receives from the server, and notes whether the client disconnected."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.is_cut_off = False

    async def receive(self) -> Message:
        message = await self._receive()
        self.is_cut_off = message["type"] != "http.request"
        return message


def _error(reason: Reason, message: Mapping[str, Any], debug: str | None) -> bytes:
    """Return the JSON-RPC error for *reason*, which names the request that it is for."""
    code, text = _ERRORS[reason]
    error: dict[str, object] = {"code": code, "message": text}
    if debug is not None:
        error["data"] = debug
    request_id = message.get("id")
    known = request_id if isinstance(request_id, str | int) else None
    return json.dumps({"jsonrpc": "2.0", "id": known, "error": error}).encode("ascii")
