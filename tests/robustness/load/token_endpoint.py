"""TokenEndpoint: an introspection endpoint on a socket that fails about tokens of one kind."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal, TypeAlias
from urllib.parse import parse_qs

RESOURCE = "https://api.example.com"
FAILURES: tuple["Failure", ...] = ("500", "429", "reset", "silence")

Failure: TypeAlias = Literal["500", "429", "reset", "silence"]

_ACTIVE = {"active": True, "aud": RESOURCE, "sub": "u1", "client_id": "c1"}


class TokenEndpoint:
    """Responds about `good…` as active, fails about `bad…`, and about others as it is told to.

    Args:
        failure: How it fails.
        knows_unknown: Whether it responds about unknown tokens; otherwise it fails about them.

    Attributes:
        down: Whether it fails about every token.
        requests: When each request arrived, in monotonic seconds, and the token of each.
    """

    def __init__(self, failure: Failure, *, knows_unknown: bool) -> None:
        self.failure, self.knows_unknown = failure, knows_unknown
        self.down = False
        self.requests: list[tuple[float, str]] = []

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Serve in the running loop, and yield the origin."""
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        try:
            yield f"http://{host}:{port}"
        finally:
            server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = int(head.partition("content-length:")[2].split()[0])
                form = parse_qs((await reader.readexactly(length)).decode())
                if not self._respond(form["token"][0], writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _respond(self, token: str, writer: asyncio.StreamWriter) -> bool:
        """Respond about *token*, and return whether the connection goes on."""
        self.requests.append((time.monotonic(), token))
        fails = token.startswith("bad") or (not token.startswith("good") and not self.knows_unknown)
        if not self.down and not fails:
            members = _ACTIVE if token.startswith("good") else {"active": False}
            _write(writer, 200, json.dumps(members).encode())
        elif self.failure == "reset":
            writer.transport.abort()
            return False
        elif self.failure != "silence":
            _write(writer, int(self.failure), b"")
        return True


def _write(writer: asyncio.StreamWriter, status: int, body: bytes) -> None:
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    writer.write(head.encode() + b"\r\n\r\n" + body)
