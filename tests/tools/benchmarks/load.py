"""Requests over kept connections, as fast as they are served, and their number: a command.

python -m tests.tools.benchmarks.load PORT TOKEN SECONDS
"""

import asyncio
import sys

_CONNECTIONS = 32


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the response to the last one is complete."""

    def __init__(self, request: bytes, ends: float) -> None:
        self._request = request
        self._ends = ends
        self._received = b""
        self._transport: asyncio.Transport
        self.served = 0
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count a response, which ends with the body of the route."""
        self._received += data
        if not self._received.startswith(b"HTTP/1.1 200"[: len(self._received)]):
            self._transport.close()  # `connection_lost` reports it
            return
        if not self._received.endswith(b"\r\n\r\nhello"):
            return
        self._received = b""
        self.served += 1
        if asyncio.get_running_loop().time() < self._ends:
            self._transport.write(self._request)
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Finish; a response that is not complete is not 200 either."""
        if self._received or exc is not None:
            self.closed.set_exception(exc or RuntimeError("a response was not 200"))
        else:
            self.closed.set_result(None)


async def load(port: int, token: str, seconds: float) -> int:
    """Return how many requests to *port* were served in so many *seconds*.

    Raises:
        RuntimeError: A response was not 200.
    """
    lines = ("GET / HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Authorization: Bearer {token}", "", "")
    request = "\r\n".join(lines).encode()
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    made = [
        await loop.create_connection(lambda: _Connection(request, ends), "127.0.0.1", port)
        for _ in range(_CONNECTIONS)
    ]
    closed = [connection.closed for _, connection in made]
    for outcome in await asyncio.gather(*closed, return_exceptions=True):
        if outcome is not None:
            raise outcome
    return sum(connection.served for _, connection in made)


if __name__ == "__main__":
    port, token, seconds = sys.argv[1:]
    sys.stdout.write(f"{asyncio.run(load(int(port), token, float(seconds)))}\n")
