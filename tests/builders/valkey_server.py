"""ValkeyServer: a Valkey server process on a free port, which a test can kill and restart."""

import asyncio
import signal
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
    """A server process on loopback that writes no data to disk.

    Args:
        folder: An empty folder for its configuration and its log.
        settings: Further lines of its configuration, such as `cluster-enabled yes`.
        sentinel: Whether to run it as a sentinel.
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
        """The URL of the server."""
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the process, and wait until it responds to `PING`."""
        program = PROGRAMS["valkey-server"].find()
        assert program is not None
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [program, self._configuration, *self._arguments], stdout=log, stderr=log
            )
        deadline = time.monotonic() + _DEADLINE
        while not self._responds():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill the process, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_DEADLINE)
            self._process = None

    def freeze(self) -> None:
        """Stop the process without ending it: it accepts connections and never responds."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the frozen process go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    async def restart(self) -> None:
        """Start the process again without blocking the event loop."""
        await asyncio.to_thread(self.start)

    def _responds(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


@contextmanager
def running_valkey() -> Iterator[str]:
    """Run a server, and yield its URL."""
    with TemporaryDirectory() as folder:
        server = ValkeyServer(Path(folder))
        server.start()
        try:
            yield server.url
        finally:
            server.kill()


def free_port() -> int:
    """Return a TCP port that is free."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
