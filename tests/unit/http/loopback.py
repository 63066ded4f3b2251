"""A real HTTP server on loopback, in a thread, for what only a socket can show."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

_PATIENCE = 10


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve *app* with uvicorn on a free port, and yield its origin."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # asyncio does so for a socket of its own; else an answer in parts waits for 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(app, lifespan="off", log_level="critical", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=asyncio.run, args=[server.serve([listener])])
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = server.force_exit = True
            thread.join(_PATIENCE)
            assert not thread.is_alive()


@contextmanager
def closed_port() -> Iterator[str]:
    """Yield an origin at which nobody listens, though nobody else can take its port."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
