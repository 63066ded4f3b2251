"""ASGI messages: reading requests, and sending and changing responses (ASGI 3.0)."""

import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any, Protocol, TypeAlias

from oauth_guard.errors import Reason, RequestTooLarge
from oauth_guard.protocol.challenge import Rejection
from oauth_guard.protocol.cross_origin import (
    ANY_ORIGIN,
    is_preflight,
    preflight_response_headers,
)
from oauth_guard.protocol.hidden_credentials import HiddenCredentials
from oauth_guard.protocol.identity import ANONYMOUS, Identity
from oauth_guard.protocol.metadata import METADATA_HEADERS, METADATA_METHODS
from oauth_guard.protocol.paths import route_path
from oauth_guard.protocol.request import REQUEST, ResourceRequest
from oauth_guard.protocol.subprotocols import SUBPROTOCOLS, without_tokens

__all__ = [
    "GUARD",
    "IDENTITY",
    "REQUEST",
    "Application",
    "Connection",
    "Message",
    "Receive",
    "Send",
    "close_code",
    "deny_handshake",
    "path_in_app",
    "read_body",
    "reject_connection",
    "send_denial",
    "send_metadata",
    "send_rejection",
    "send_response",
    "supports_denial_response",
    "with_empty_body",
    "with_headers",
    "with_identity",
    "with_private_cache",
    "with_response_headers",
    "with_subprotocol",
]

Connection: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Connection, Receive, Send], Awaitable[None]]
GUARD = "oauth_guard.guard"
IDENTITY = "oauth_guard.identity"
"""The keys under which route decorators find the guard, the identity and the request.

They are our own, since other middleware may replace `user`. The request is the one that this
guard has read credentials from; middleware in between may have exchanged the header since.
"""

HeaderFields: TypeAlias = Iterable[tuple[bytes, bytes]]

_MAX_FORM_BYTES = 64 * 1024
_BEGINNINGS = {"http.response.start", "websocket.accept", "websocket.http.response.start"}
_SUCCESS = range(200, 300)
# A comma inside quotes separates nothing (RFC 9110 §5.6.4).
_DIRECTIVE = re.compile(rb'(?:[^,"]|"(?:[^"\\]|\\.)*")+', re.DOTALL)
_REPLACED = {b"", b"public", b"private"}
_POLICY_VIOLATION, _TRY_AGAIN_LATER = 1008, 1013
_UNAVAILABLE = 503


def path_in_app(connection: Connection) -> str:
    """Return the path as the application's router reads it: without the root path."""
    path: str = connection["path"]
    root_path = connection.get("root_path")
    return route_path(path, root_path) if root_path else path


class _HidesCredentials(Protocol):
    """What of a guard `with_identity` needs."""

    @property
    def hidden_credentials(self) -> HiddenCredentials | None: ...


def with_identity(
    connection: Connection,
    guard: _HidesCredentials,
    identity: Identity,
    request: ResourceRequest,
    hidden_fields: frozenset[bytes] = frozenset(),
) -> Connection:
    """Return a copy of *connection* in which the application finds the caller.

    The application does not see *hidden_fields*, header fields named in lower case, nor the
    hidden credentials of *guard*, unless the caller is anonymous. If the subprotocols are among
    the fields, it sees those that carry no token, in `subprotocols`.
    """
    inner = {**connection}
    if hidden_fields:
        fields = connection["headers"]
        inner["headers"] = [field for field in fields if field[0].lower() not in hidden_fields]
        if SUBPROTOCOLS in hidden_fields and connection.get("subprotocols"):
            inner["subprotocols"] = without_tokens(connection["subprotocols"])
    hidden = guard.hidden_credentials
    if hidden is not None and identity is not ANONYMOUS:
        inner["headers"] = hidden.without(inner["headers"])
    inner["user"] = inner["auth"] = inner[IDENTITY] = identity
    inner[GUARD] = guard
    inner[REQUEST] = request
    return inner


async def read_body(receive: Receive, max_bytes: int = _MAX_FORM_BYTES) -> tuple[bytes, Receive]:
    """Return the body, and a `receive` that returns it again and then the messages that follow.

    The body is returned again in one piece, since many small pieces take more memory than their
    bytes.

    Raises:
        RequestTooLarge: It is longer than *max_bytes*; at most that and one chunk was in memory.
    """
    body = bytearray()
    message: Message = {"type": "http.request", "more_body": True}
    while message["type"] == "http.request" and message.get("more_body", False):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > max_bytes:
            raise RequestTooLarge(Reason.BODY_TOO_LARGE)
    disconnected = message["type"] != "http.request"  # before the end of the body
    whole: Message = {"type": "http.request", "body": bytes(body), "more_body": disconnected}
    messages = iter([whole, message] if disconnected else [whole])

    async def receive_again() -> Message:
        for message in messages:
            return message
        return await receive()

    return bytes(body), receive_again


async def send_response(
    send: Send, method: str, status: int, headers: HeaderFields, body: bytes = b""
) -> None:
    """Send a whole response; to a HEAD request without its body."""
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


async def send_rejection(rejection: Rejection, connection: Connection, send: Send) -> None:
    """Send *rejection* as the response; to a HEAD request without its body."""
    headers = list(rejection.headers)
    await send({"type": "http.response.start", "status": rejection.status, "headers": headers})
    body = b"" if connection["method"] == "HEAD" else rejection.body
    await send({"type": "http.response.body", "body": body})


async def deny_handshake(
    rejection: Rejection, connection: Connection, receive: Receive, send: Send
) -> None:
    """Reject a handshake, with the same response as over HTTP if the server can send one."""
    if (await receive())["type"] != "websocket.connect":
        return  # the client has disconnected
    if supports_denial_response(connection):
        await send_denial(rejection, send)
    else:
        await send({"type": "websocket.close", "code": close_code(rejection)})


async def send_denial(rejection: Rejection, send: Send) -> None:
    """Send *rejection* as the response to a handshake; see `supports_denial_response`."""
    start = {"status": rejection.status, "headers": list(rejection.headers)}
    await send({"type": "websocket.http.response.start", **start})
    await send({"type": "websocket.http.response.body", "body": rejection.body})


async def send_metadata(
    send: Send, method: str, headers: Sequence[tuple[bytes, bytes]], document: bytes
) -> None:
    """Send the metadata of a resource to GET and HEAD; to a preflight, what it may ask for.

    Scripts of every origin may read it. Another method is rejected with 405.
    """
    if method in {"GET", "HEAD"}:
        await send_response(send, method, 200, METADATA_HEADERS, document)
    elif is_preflight(method, headers):
        await send_response(send, method, 204, (ANY_ORIGIN, *preflight_response_headers(headers)))
    else:
        await send_response(send, method, 405, ((b"allow", METADATA_METHODS), ANY_ORIGIN))


def reject_connection(
    rejection: Rejection, connection: Connection, receive: Receive, send: Send
) -> Awaitable[None]:
    """Reject a request or a handshake: see `send_rejection` and `deny_handshake`."""
    if connection["type"] == "http":
        return send_rejection(rejection, connection, send)
    return deny_handshake(rejection, connection, receive, send)


def supports_denial_response(connection: Connection) -> bool:
    """Return whether the server can reject a handshake with a status and headers, as over HTTP."""
    return "websocket.http.response" in (connection.get("extensions") or {})


def close_code(rejection: Rejection) -> int:
    """Return the code to close a WebSocket with if *rejection* can't be sent (RFC 6455 §7.4)."""
    return _TRY_AGAIN_LATER if rejection.status == _UNAVAILABLE else _POLICY_VIOLATION


def with_headers(fields: HeaderFields, send: Send) -> Send:
    """Add header *fields* to the response, unless the application has set CORS fields itself."""

    async def send_with_fields(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            if all(name.lower() != b"access-control-allow-origin" for name, _ in headers):
                message = {**message, "headers": [*headers, *fields]}
        await send(message)

    return send_with_fields


def with_response_headers(fields: HeaderFields, send: Send) -> Send:
    """Add header *fields* to the response, or to the acceptance of a handshake.

    A `Cache-Control` among them replaces that of the application.
    """
    added = list(fields)
    replaced = {name for name, _ in added if name == b"cache-control"}

    async def send_with_fields(message: Message) -> None:
        if message["type"] in _BEGINNINGS:
            headers = [f for f in message.get("headers", ()) if f[0].lower() not in replaced]
            message = {**message, "headers": [*headers, *added]}
        await send(message)

    return send_with_fields


def with_subprotocol(name: str, send: Send) -> Send:
    """Select the subprotocol *name* if the application accepts a WebSocket and selects none.

    A browser closes the connection if none of the subprotocols that it offers is selected.
    """

    async def send_with_subprotocol(message: Message) -> None:
        if message["type"] == "websocket.accept" and not message.get("subprotocol"):
            message = {**message, "subprotocol": name}
        await send(message)

    return send_with_subprotocol


def with_empty_body(send: Send) -> Send:
    """Send status and headers of a response, and remove everything else."""

    async def send_without_body(message: Message) -> None:
        match message["type"]:
            case "http.response.start":
                headers = [
                    f for f in message.get("headers", ()) if f[0].lower() != b"content-length"
                ]
                await send({**message, "headers": headers, "trailers": False})
            case "http.response.body":
                await send({**message, "body": b""})

    return send_without_body


def with_private_cache(send: Send, vary: bytes | None = None) -> Send:
    """Keep a successful response out of shared caches, whose key would contain the token.

    For a token in the query (RFC 6750 §2.3). The application's own directives stay, except for
    `public` and a narrower `private`.

    A token in the header field *vary* is in no key, and shared caches know only `Authorization`
    (RFC 9111 §3.5). So this applies to every status, and the field is added to `Vary`.
    """
    further = () if vary is None else ((b"vary", vary),)

    async def send_privately(message: Message) -> None:
        if message["type"] == "http.response.start" and (further or message["status"] in _SUCCESS):
            headers = list(message.get("headers", ()))
            values = [value for name, value in headers if name.lower() == b"cache-control"]
            directives = [d.strip() for value in values for d in _DIRECTIVE.findall(value)]
            kept = [d for d in directives if _name(d) not in _REPLACED]
            others = [field for field in headers if field[0].lower() != b"cache-control"]
            # First, since a cache may ignore what follows a directive that it can't parse.
            control = (b"cache-control", b", ".join((b"private", *kept)))
            message = {**message, "headers": [*others, control, *further]}
        await send(message)

    return send_privately


def _name(directive: bytes) -> bytes:
    return directive.partition(b"=")[0].strip().lower()
