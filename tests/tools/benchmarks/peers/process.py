"""Process: the parent's handle of one peer in its own process."""

import json
import os
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Any, Self

from tests.tools.benchmarks.peers.paths import Plan

_ROOT = Path(__file__).parents[4]
_PATIENCE = 300  # longer than any step takes


class Process:
    """Starts the peer, and sends it one command after the other."""

    def __init__(self, python: Path, setup: str) -> None:
        self._setup = setup
        self._complaints = tempfile.TemporaryFile(mode="w+")  # noqa: SIM115 - closed on exit
        self._process = subprocess.Popen(
            [str(python.absolute()), "-m", "tests.tools.benchmarks.peers.child", setup],
            cwd=_ROOT,
            env={**os.environ, "PYTHONPATH": str(_ROOT), "NO_PROXY": "127.0.0.1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
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
        self._complaints.close()

    def start(self, plan: Plan) -> Any:
        """Send the plan, and return the results of the first requests."""
        self._write(vars(plan))
        return self.execute("start")

    def execute(self, command: str) -> Any:
        """Execute a command, and return its result.

        Raises:
            RuntimeError: It failed or timed out; the message has the peer's last output.
        """
        patience = Timer(_PATIENCE, self._process.kill)
        patience.start()
        self._write(command)
        line = self._process.stdout.readline() if self._process.stdout else ""
        patience.cancel()
        if not line:
            self._complaints.seek(0)
            raise RuntimeError(f"{self._setup}: {self._complaints.read()[-2000:]}")
        return json.loads(line)

    def _write(self, value: Any) -> None:
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):  # it ended; the next read reports why
                self._process.stdin.write(json.dumps(value) + "\n")
                self._process.stdin.flush()
