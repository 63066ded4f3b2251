"""TCPProxy: passes bytes to a server on loopback, until a test cuts the line."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_CHUNK = 65536


class TCPProxy:
    """A proxy in front of one port. While it is cut, it accepts connections and passes nothing.

    Args:
        target: The port of the server.
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._open = asyncio.Event()
        self._open.set()
        self._writers: list[asyncio.StreamWriter] = []

    @classmethod
    @asynccontextmanager
    async def running(cls, target: int) -> AsyncIterator["TCPProxy"]:
        """Run one on a free port."""
        proxy = cls(target)
        server = await asyncio.start_server(proxy._serve, "127.0.0.1", 0)
        proxy.port = server.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            server.close()
            for writer in proxy._writers:
                writer.transport.abort()

    def cut(self) -> None:
        """Pass nothing from now on; what is sent meanwhile is passed after `heal`."""
        self._open.clear()

    def heal(self) -> None:
        """Pass bytes again."""
        self._open.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.append(far_writer)
            await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while received := await reader.read(_CHUNK):
                await self._open.wait()
                writer.write(received)
        writer.close()
