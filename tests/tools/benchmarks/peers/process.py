"""Process: one peer in a process of its own, from the side of who leads it."""

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
_PATIENCE = 300  # what any step takes, and some more


class Process:
    """Starts the peer, and asks it one thing after the other."""

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
        """Hand it what it is measured with, and return what came of the first requests."""
        self._tell(vars(plan))
        return self.ask("start")

    def ask(self, command: str) -> Any:
        """Have it do something, and return what came of it.

        Raises:
            RuntimeError: It failed, or took too long; what it wrote last is in the message.
        """
        patience = Timer(_PATIENCE, self._process.kill)
        patience.start()
        self._tell(command)
        line = self._process.stdout.readline() if self._process.stdout else ""
        patience.cancel()
        if not line:
            self._complaints.seek(0)
            raise RuntimeError(f"{self._setup}: {self._complaints.read()[-2000:]}")
        return json.loads(line)

    def _tell(self, value: Any) -> None:
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):  # it is dead, and will be asked why
                self._process.stdin.write(json.dumps(value) + "\n")
                self._process.stdin.flush()
