"""bare_app and exchange(): the cheapest application, and one request straight into one."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from oauth_guard.asgi import Application, Message

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

USUAL: Headers = [
    (b"host", b"api.test"),
    (b"user-agent", b"python-httpx/0.28.1"),
    (b"accept", b"*/*"),
    (b"accept-encoding", b"gzip, deflate, br"),
    (b"connection", b"keep-alive"),
]


async def bare_app(_connection: Any, _receive: Any, send: Any) -> None:
    """Answer 200, as cheaply as ASGI permits."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


def bearing(token: str) -> Headers:
    """Return what a usual client sends with *token*."""
    return [*USUAL, (b"authorization", b"Bearer " + token.encode())]


async def exchange(app: Application, headers: Headers) -> int:
    """Send one request as a server would hand it over, and return the status of the answer.

    Where *app* fails, that is what a server would answer then: 500.
    """
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    connection = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "https",
        "method": "GET",
        "root_path": "",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": headers,
        "state": {},
    }
    try:
        await app(connection, receive, send)
    except Exception:  # noqa: BLE001 - as a server does
        return 500
    return statuses.pop()
