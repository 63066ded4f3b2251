"""serve(): runs the demo in this process or in several, which share one socket and database."""

import functools
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.supervisors import Multiprocess

from demo_api.setup import Setup

# uvicorn's access log would show every query, authorization codes included.
_LOGGING: dict[str, Any] = {"log_level": "warning", "access_log": False}

_SECONDS = 5


def serve(app: Starlette, listener: socket.socket) -> None:
    """Serve *app* until it is interrupted."""
    with suppress(KeyboardInterrupt):  # uvicorn raises it again after its shutdown
        uvicorn.Server(uvicorn.Config(app, **_LOGGING)).run(sockets=[listener])


@contextmanager
def served_beside(app: Starlette, listener: socket.socket) -> Iterator[None]:
    """Serve *app* in a thread of this process while the context is open."""
    config = uvicorn.Config(app, timeout_graceful_shutdown=1, **_LOGGING)
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(_SECONDS)


def serve_by_workers(setup: Setup, listener: socket.socket, number: int) -> None:
    """Serve with *number* processes, each with its own application."""
    build = functools.partial(_application, setup)
    config = uvicorn.Config(build, factory=True, workers=number, **_LOGGING)
    Multiprocess(config, sockets=[listener]).run()


def _application(setup: Setup) -> Starlette:
    log_rejections()
    return setup.application(setup.open_database())


def log_rejections() -> None:
    """Log the guard's rejections and their reasons to the terminal, without token or claims."""
    logging.basicConfig(format="%(asctime)s  %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("oauth_guard").setLevel(logging.INFO)
