"""One request over plain ASGI, so that any bytes can be sent, and everything that it caused."""

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import unquote

from oauth_guard import Identity
from tests.challenges import parse_challenge

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

SEEN = "tests.seen"
"""The key in the connection under which handlers record identities."""

QUERY = b":query"
"""The pseudo header field that holds the query of a request."""

FORM = b":form"
"""The pseudo header field that holds the part of the body that was received."""


@dataclass(frozen=True)
class RecordedResponse:
    """The response of the application, and everything else that the test can observe.

    Attributes:
        messages: Every ASGI message that was sent, in order.
        seen: The identities that handlers recorded; empty if none ran.
        received: How many messages the application received.
        log: Everything that was logged meanwhile, at DEBUG, as text.
        sent: The header fields of the request, its query under `QUERY`, its body under `FORM`.
    """

    messages: Sequence[Message]
    seen: Sequence[Identity]
    received: int
    log: str
    sent: Headers

    @property
    def start(self) -> Message:
        """The one message that starts a response, over HTTP or instead of a WebSocket."""
        starts = [each for each in self.messages if each["type"].endswith("http.response.start")]
        assert len(starts) == 1
        return starts[0]

    @property
    def status(self) -> int:
        """The status of the response."""
        status = self.start["status"]
        assert isinstance(status, int)
        return status

    @property
    def headers(self) -> Headers:
        """The header fields of the response, as sent."""
        return tuple(self.start["headers"])

    @property
    def body(self) -> bytes:
        """The whole body of the response."""
        parts = [each for each in self.messages if each["type"].endswith("http.response.body")]
        return b"".join(part.get("body", b"") for part in parts)

    def lines(self, name: str) -> list[str]:
        """Return the value of each header field with this *name*."""
        return [v.decode("latin-1") for n, v in self.headers if n.lower() == name.encode()]

    @property
    def challenges(self) -> list[tuple[str, dict[str, str]]]:
        """The scheme and the parameters of each challenge."""
        return [parse_challenge(line) for line in self.lines("www-authenticate")]


def http(method: str, target: str, headers: Headers = (), **changes: Any) -> dict[str, Any]:
    """Return the ASGI connection of an HTTP request, as a server would build it."""
    path, _, query = target.partition("?")
    connection = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"api.example.com"), *headers],
        "client": ("192.0.2.1", 50000),
        "server": ("api.example.com", 443),
        "extensions": {},
    }
    return connection | changes


def websocket(
    target: str, headers: Headers = (), *, denial: bool, **changes: Any
) -> dict[str, Any]:
    """Return the ASGI connection of a handshake; *denial* enables the denial response extension."""
    extensions: dict[str, Any] = {"websocket.http.response": {}} if denial else {}
    connection = http("GET", target, headers, scheme="wss", extensions=extensions, subprotocols=[])
    del connection["method"]
    return connection | {"type": "websocket"} | changes


async def run(
    application: Application, connection: dict[str, Any], received: Iterable[Message]
) -> RecordedResponse:
    """Serve *connection* with *application*, which receives exactly these messages."""
    sent: list[Message] = []
    seen: list[Identity] = []
    heard: list[Message] = []
    messages = iter(received)

    async def receive() -> Message:
        await asyncio.sleep(0)
        heard.append(next(messages))
        return heard[-1]

    async def send(message: Message) -> None:
        await asyncio.sleep(0)
        sent.append(message)

    with _log() as log:
        await application(connection | {SEEN: seen}, receive, send)
    form = b"".join(message.get("body", b"") for message in heard)
    presented = [*connection["headers"], (QUERY, connection["query_string"]), (FORM, form)]
    return RecordedResponse(sent, seen, len(heard), log.getvalue(), presented)


def body(*chunks: bytes) -> Iterator[Message]:
    """Yield the messages of a request with this body, then the disconnect."""
    for number, chunk in enumerate(chunks or (b"",), start=1):
        yield {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
    yield {"type": "http.disconnect"}


def visit() -> Iterator[Message]:
    """Yield the messages of a client that opens a WebSocket and leaves."""
    yield {"type": "websocket.connect"}
    yield {"type": "websocket.disconnect", "code": 1005}


# The levels found by collectors that are active; the last one restores the first level.
_levels: list[int] = []


@contextmanager
def _log() -> Iterator[io.StringIO]:
    """Collect everything that is logged, tracebacks included."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    _levels.append(_levels[0] if _levels else root.level)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield text
    finally:
        root.removeHandler(handler)
        found = _levels.pop()
        if not _levels:
            root.setLevel(found)
