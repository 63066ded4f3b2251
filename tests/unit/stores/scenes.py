"""What the tests of stores share: a server that never responds, and short ways to use a store."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from oauth_guard.errors import StoreUnavailable
from oauth_guard.interfaces import Store

SECRET = b"s" * 32
KEY, OTHER = bytes(range(32)), bytes(32)
NOWHERE = "redis://127.0.0.1:1"
UNAVAILABLE = "the shared store is unavailable and is not used: "

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def read(store: Store, key: bytes = KEY) -> bytes | None:
    """Return the value under *key*, without its lifetime."""
    stored = await store.get(key)
    return None if stored is None else stored.value


async def is_unavailable(store: Store, key: bytes = KEY) -> bool:
    """Return whether the store raises `StoreUnavailable`; any other error is raised here."""
    try:
        await store.get(key)
    except StoreUnavailable:
        return True
    return False


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[str]:
    """Serve connections on a free port, yield the URL, and close the connections at the end."""
    writers: list[asyncio.StreamWriter] = []

    async def serve_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(OSError):
            await serve(reader, writer)

    server = await asyncio.start_server(serve_and_close, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


class SilentServer:
    """A server that accepts connections and never responds."""

    def __init__(self) -> None:
        self.url = ""
        self.connections: list[asyncio.StreamWriter] = []

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator["SilentServer"]:
        """Run one, and keep its connections open."""
        silent = cls()

        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            silent.connections.append(writer)

        async with listening(serve) as silent.url:
            yield silent


class FixedReplies:
    """A server that sends the same bytes for each command, once a connection is set up.

    Args:
        reply: The bytes; none closes the connection.
        delay: Seconds before them.
    """

    def __init__(self, reply: bytes, delay: float = 0) -> None:
        self.reply = reply
        self.delay = delay

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection; `CLIENT SETINFO` gets `OK` without delay."""
        while received := await reader.read(65536):
            if b"SETINFO" in received:
                writer.write(b"+OK\r\n" * received.count(b"SETINFO"))
                continue
            await asyncio.sleep(self.delay)
            if not self.reply:
                break
            writer.write(self.reply)
        writer.close()
