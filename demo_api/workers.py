"""serve(): runs the demo in this process or in several, which share one socket and database."""

import functools
import logging
import socket
from contextlib import suppress
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.supervisors import Multiprocess

from demo_api.setup import Setup

# uvicorn's access log would show every query, authorization codes included.
_LOGGING: dict[str, Any] = {"log_level": "warning", "access_log": False}


def serve(app: Starlette, listener: socket.socket) -> None:
    """Serve *app* until it is interrupted."""
    _log_rejections()
    with suppress(KeyboardInterrupt):  # uvicorn raises it again after its shutdown
        uvicorn.Server(uvicorn.Config(app, **_LOGGING)).run(sockets=[listener])


def serve_by_workers(setup: Setup, listener: socket.socket, number: int) -> None:
    """Serve with *number* processes, each with its own application."""
    build = functools.partial(_application, setup)
    config = uvicorn.Config(build, factory=True, workers=number, **_LOGGING)
    Multiprocess(config, sockets=[listener]).run()


def _application(setup: Setup) -> Starlette:
    _log_rejections()
    return setup.application(setup.open_database())


def _log_rejections() -> None:
    """Log the guard's rejections and their reasons to the terminal, without token or claims."""
    logging.basicConfig(format="%(asctime)s  %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("oauth_guard").setLevel(logging.INFO)
