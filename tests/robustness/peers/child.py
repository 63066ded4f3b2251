"""Child: an authorization server in a process of its own, told what to do a line at a time."""

import json
import select
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_PATIENCE = 30


class Child:
    """A server that answers each line on its input with one line, and ends with its input.

    Its first line tells its origin, which is on loopback.

    Args:
        command: What starts it.
        log: Where it writes what else it has to say.
    """

    def __init__(self, command: Sequence[str | Path], log: Path) -> None:
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, bufsize=0
            )
        try:
            self.origin = self._hear()
        except BaseException:
            self.end()
            raise

    def tell(self, **order: Any) -> str:
        """Give an *order*, and return what it says."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        return self._hear()

    def end(self) -> None:
        """Let it go, and end it where it does not."""
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise

    def _hear(self) -> str:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], _PATIENCE)
        line = self._process.stdout.readline() if ready else b""
        assert line, self._log.read_text()
        return line.decode().strip()


@contextmanager
def child(command: Sequence[str | Path], log: Path) -> Iterator[Child]:
    """Yield a server, and end it afterwards."""
    server = Child(command, log)
    try:
        yield server
    finally:
        server.end()
