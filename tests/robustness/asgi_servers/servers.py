"""The servers of docs/servers.md: how each is started, in an environment with all of them."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.tools.benchmarks.peers.environment import ENVIRONMENT, prepare

ROOT = Path(__file__).parents[3]
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
FOLDER = ENVIRONMENT.with_name("servers")
_SITE = "tests.robustness.asgi_servers.site:site"
_SECONDS = 30
_PINNED = re.compile(r"^(\S+==\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Server:
    """A server, or one of its implementations of HTTP and WebSocket.

    Attributes:
        name: Its first column in the table.
        command: The module and its arguments; `{port}` stands for the port.
        root_path: The argument for a root path.
    """

    name: str
    command: tuple[str, ...]
    root_path: str = "--root-path"


def _uvicorn(http: str, ws: str) -> Server:
    command = ("uvicorn", _SITE, "--port", "{port}", "--http", http, "--ws", ws)
    return Server(f"uvicorn, {http}, {ws}", command)


def _gunicorn(name: str, worker: str) -> Server:
    command = ("gunicorn", _SITE, "--bind", "127.0.0.1:{port}", "--worker-class", worker)
    return Server(f"gunicorn, {name}", command)


SERVERS = [
    *(
        _uvicorn(http, ws)
        for http in ("h11", "httptools")
        for ws in ("websockets", "websockets-sansio", "wsproto")
    ),
    Server("hypercorn", ("hypercorn", _SITE, "--bind", "127.0.0.1:{port}")),
    Server(
        "granian",
        ("granian", "--interface", "asgi", "--port", "{port}", _SITE),
        root_path="--url-path-prefix",
    ),
    Server("daphne", ("daphne", "--port", "{port}", _SITE)),
    _gunicorn("its own worker", "asgi"),
    _gunicorn("uvicorn-worker", "uvicorn_worker.UvicornWorker"),
]


def environment_of_servers() -> Path:
    """Return the Python of the environment with all servers, which is created if it is missing."""
    return prepare(FOLDER, REQUIREMENTS)


def required_versions() -> list[str]:
    """Return each pinned package with its version, in the order of the requirements."""
    return _PINNED.findall(REQUIREMENTS.read_text(encoding="utf-8"))


class Running:
    """A running server.

    Attributes:
        port: Where it listens.
        process: Its process.
        journal: The file in which the site notes its events.
    """

    def __init__(self, port: int, process: "subprocess.Popen[bytes]", journal: Path) -> None:
        self.port, self.process, self.journal = port, process, journal

    def events(self) -> list[str]:
        """Return what the site has noted."""
        return self.journal.read_text().split() if self.journal.exists() else []

    def wait_for(self, event: str) -> None:
        """Wait until the site has noted *event*."""
        deadline = time.monotonic() + _SECONDS
        while event not in self.events():
            assert time.monotonic() < deadline, f"no {event!r} in {self.events()}"
            time.sleep(0.02)


@contextmanager
def running(
    server: Server, folder: Path, site: Mapping[str, Any], root_path: str | None = None
) -> Iterator[Running]:
    """Run *server* with the *site* of these settings until the block ends."""
    python = environment_of_servers()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    further = () if root_path is None else (server.root_path, root_path)
    arguments = [each.format(port=port) for each in (*server.command, *further)]
    journal, log = folder / "journal", folder / "log"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SERVED": json.dumps({**site, "journal": str(journal)}),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(python), "-m", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait(port, process, log)
        yield Running(port, process, journal)
    finally:
        with suppress(ProcessLookupError):  # they have ended
            os.killpg(process.pid, signal.SIGKILL)  # some servers have workers of their own
        process.wait(_SECONDS)


def _wait(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text())
