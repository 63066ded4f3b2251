"""ServerProcess: an authorization server in a process of its own, controlled over stdin."""

import json
import select
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_TIMEOUT = 30  # seconds


class ServerProcess:
    """A process that responds to each input line with an output line, and ends when its input ends.

    Its first output line is its origin, which is on loopback.

    Args:
        command: The command that starts it.
        log: The file for its standard error.
    """

    def __init__(self, command: Sequence[str | Path], log: Path) -> None:
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, bufsize=0
            )
        try:
            self.origin = self._read_line()
        except BaseException:
            self.end()
            raise

    def send(self, **order: Any) -> str:
        """Send *order* as one line of JSON, and return the output line."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        return self._read_line()

    def end(self) -> None:
        """Close its input and wait for its end; kill it after 30 s."""
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                raise

    def _read_line(self) -> str:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], _TIMEOUT)
        line = self._process.stdout.readline() if ready else b""
        assert line, self._log.read_text()
        return line.decode().strip()


@contextmanager
def server_process(command: Sequence[str | Path], log: Path) -> Iterator[ServerProcess]:
    """Start a server, and end it afterwards."""
    server = ServerProcess(command, log)
    try:
        yield server
    finally:
        server.end()
