"""LineProcess: a child process that returns a line of JSON for each line that it receives."""

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Any, Self

__all__ = ["LineProcess"]

_TIMEOUT = 300  # seconds, longer than any command takes


class LineProcess:
    """Runs a command, and sends values to it until the `with` ends.

    Args:
        name: What errors call it.
        command: The command and its arguments.
        environment: The environment of the process.
        folder: Its working directory; by default ours.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path | None = None,
    ) -> None:
        self._name = name
        self._errors = tempfile.TemporaryFile(mode="w+")  # noqa: SIM115 - closed on exit
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Stop it."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def send(self, value: Any) -> None:
        """Send *value*, which has no result."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):  # it ended; `execute` reports why
                self._process.stdin.write(json.dumps(value) + "\n")
                self._process.stdin.flush()

    def execute(self, command: Any) -> Any:
        """Send *command*, and return its result.

        Raises:
            RuntimeError: The process ended or took too long; the message has its last output.
        """
        timer = Timer(_TIMEOUT, self._process.kill)
        timer.start()
        self.send(command)
        line = self._process.stdout.readline() if self._process.stdout else ""
        timer.cancel()
        if not line:
            self._errors.seek(0)
            raise RuntimeError(f"{self._name}: {self._errors.read()[-2000:]}")
        return json.loads(line)
