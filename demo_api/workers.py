"""serve(): the demo in this process, or in several that share one socket and one database."""

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
_QUIET: dict[str, Any] = {"log_level": "warning", "access_log": False}


def serve(app: Starlette, listening: socket.socket) -> None:
    """Serve *app* until somebody stops it."""
    _tell_refusals()
    with suppress(KeyboardInterrupt):  # raised again once all is shut down
        uvicorn.Server(uvicorn.Config(app, **_QUIET)).run(sockets=[listening])


def serve_by_workers(setup: Setup, listening: socket.socket, number: int) -> None:
    """Serve by a *number* of processes, each with an application of its own."""
    build = functools.partial(_application, setup)
    config = uvicorn.Config(build, factory=True, workers=number, **_QUIET)
    Multiprocess(config, sockets=[listening]).run()


def _application(setup: Setup) -> Starlette:
    _tell_refusals()
    return setup.application(setup.open_database())


def _tell_refusals() -> None:
    """Let the guard say on the terminal what it refuses and why; never a token or a claim."""
    logging.basicConfig(format="%(asctime)s  %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("oauth_guard").setLevel(logging.INFO)
