"""ValkeyServer: a real server on a port of its own, to be started, killed and started again."""

import asyncio
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.needs import PROGRAMS

_DEADLINE = 10


class ValkeyServer:
    """A server in a process of its own, on loopback, that writes nothing to disk.

    Args:
        folder: An empty folder for its configuration and its log.
        settings: More lines for its configuration, such as `cluster-enabled yes`.
    """

    def __init__(self, folder: Path, *settings: str, sentinel: bool = False) -> None:
        self.port = free_port()
        self._log = folder / "log"
        self._configuration = folder / "valkey.conf"
        self._arguments = ["--sentinel"] if sentinel else []
        self._process: subprocess.Popen[bytes] | None = None
        lines = ["bind 127.0.0.1", f"port {self.port}", f"dir {folder}", *settings]
        if not sentinel:
            lines += ['save ""', "appendonly no"]
        self._configuration.write_text("\n".join(lines))

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        program = PROGRAMS["valkey-server"].find()
        assert program is not None
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [program, self._configuration, *self._arguments], stdout=log, stderr=log
            )
        deadline = time.monotonic() + _DEADLINE
        while not self._answers():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.02)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_DEADLINE)
            self._process = None

    async def restart(self) -> None:
        """Start it again while the loop goes on."""
        await asyncio.to_thread(self.start)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


@contextmanager
def running_valkey() -> Iterator[str]:
    """Yield the URL of a server that runs meanwhile."""
    with TemporaryDirectory() as folder:
        server = ValkeyServer(Path(folder))
        server.start()
        try:
            yield server.url
        finally:
            server.kill()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
