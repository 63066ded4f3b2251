"""A real HTTP server on the loopback interface, in a thread, for tests that need a socket."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

_STOP_SECONDS = 10


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve *app* with uvicorn on a free port, and yield its origin."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # asyncio does so for its own sockets; without it a response in parts is delayed by 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(app, lifespan="off", log_level="critical", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=asyncio.run, args=[server.serve([listener])])
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = server.force_exit = True
            thread.join(_STOP_SECONDS)
            assert not thread.is_alive()


@contextmanager
def closed_port() -> Iterator[str]:
    """Yield an origin whose port is reserved, but refuses connections."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
