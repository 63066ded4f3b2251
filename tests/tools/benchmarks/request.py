"""One request straight into an application, as from a server, and the status of the response."""

from itertools import chain, repeat
from typing import TypeAlias

from oauth_guard.asgi import Application, Message

Fields: TypeAlias = tuple[tuple[bytes, bytes], ...]

# The header fields of a typical client.
_TYPICAL: Fields = (
    (b"host", b"api.test"),
    (b"accept", b"*/*"),
    (b"accept-encoding", b"gzip, deflate"),
    (b"connection", b"keep-alive"),
    (b"user-agent", b"python-httpx/0.28.1"),
)


def bearer(token: str) -> Fields:
    """Return the header field that carries *token*."""
    return ((b"authorization", b"Bearer " + token.encode()),)


async def status_of(app: Application, token: str) -> int:
    """Return the status of the response of *app* to a request with *token*."""
    return await status_for(app, bearer(token))


async def handshake_for(app: Application, fields: Fields) -> int:
    """Return 200 if *app* accepts a WebSocket handshake with these header *fields* last, else 0.

    After the handshake there is a message whenever the application receives, without a wait.
    """
    accepted = 0
    kinds = chain(["websocket.connect"], repeat("websocket.receive"))

    async def receive() -> Message:
        return {"type": next(kinds), "text": "x"}

    async def send(message: Message) -> None:
        nonlocal accepted
        if message["type"] == "websocket.accept":
            accepted = 200

    connection = {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "wss",
        "root_path": "",
        "headers": [*_TYPICAL, *fields],
        "state": {},
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }
    await app(connection, receive, send)
    return accepted


async def status_for(app: Application, fields: Fields, *, path: str = "/") -> int:
    """Return the status of the response of *app* to a request with these header *fields* last.

    Everything that a server creates per request is created per request: the connection as
    uvicorn fills it, and the functions that receive and send.
    """
    status = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]

    connection = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "https",
        "root_path": "",
        "headers": [*_TYPICAL, *fields],
        "state": {},
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
    }
    await app(connection, receive, send)
    return status
