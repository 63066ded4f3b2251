"""Rows of requests: what is sent, and the status that each response must have."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from oauth_guard import Guard, JWTIssuer
from oauth_guard.asgi import Application
from oauth_guard.testing import LocalIssuer
from tests.tools.benchmarks.figures import Figure
from tests.tools.benchmarks.measure import Row, Timings
from tests.tools.benchmarks.request import Fields, status_for

RESOURCE = "https://api.test"
BARE = "bare ASGI app"

_OK = 200
_CALLS = 100
_FETCHES = 2  # the metadata and the keys, once for the whole run


@dataclass(frozen=True)
class Group:
    """Rows that belong together and are compared with the bare application.

    Attributes:
        rows: The rows to time.
        figures: Computes the figures; raises if an issuer got too many requests.
    """

    rows: Sequence[Row]
    figures: Callable[[Timings], list[Figure]]


async def bare_app(_connection: Any, _receive: Any, send: Any) -> None:
    """Respond with 200, as cheaply as ASGI permits."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


def bare_socket(messages: int) -> Application:
    """Return an application that accepts a WebSocket, returns so many messages and closes it."""

    async def app(_connection: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept", "headers": []})
        for _ in range(messages):
            message = await receive()
            await send({"type": "websocket.send", "text": message["text"]})
        await send({"type": "websocket.close", "code": 1000})

    return app


def bare_row() -> Row:
    """Return the row with which others are compared."""
    return row(BARE, bare_app, repeat(()))


def row(
    name: str,
    app: Application,
    requests: Iterator[Fields],
    *,
    status: int = _OK,
    calls: int = _CALLS,
    send: Callable[[Application, Fields], Awaitable[int]] = status_for,
) -> Row:
    """Return a row whose calls send one of *requests* after the other and expect *status*."""

    async def call() -> None:
        received = await send(app, next(requests))
        if received != status:
            raise RuntimeError(f"{name}: the status was {received}, not {status}")

    return Row(name, calls, call)


def guard_for(issuer: LocalIssuer, **settings: Any) -> Guard:
    """Return the guard of most rows, with default settings except for *settings*."""
    return Guard(RESOURCE, [JWTIssuer(issuer.issuer, http=issuer.http)], **settings)


def check_fetches(issuer: LocalIssuer, times: int = 1) -> None:
    """Raise if *issuer* got its metadata and its keys requested more than so many *times*."""
    most = times * _FETCHES
    if not _FETCHES <= len(issuer.requests) <= most:
        raise RuntimeError(f"{issuer.issuer} got {issuer.requests}, not {most} requests")
