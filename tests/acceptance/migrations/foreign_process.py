"""ForeignProcess: an application of a page in the environment of the foreign libraries."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.tools.benchmarks.peers.environment import ENVIRONMENT, prepare

_FOLDER = Path(__file__).parent
_PROGRAM = _FOLDER / "foreign_app.py"
_REQUIREMENTS = _FOLDER / "requirements.txt"


class ForeignProcess:
    """Starts applications, one after the other, and sends requests to them.

    Args:
        environment: Variables of the process beside ours.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        python = prepare(ENVIRONMENT.with_name("migrations"), _REQUIREMENTS)
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self._complaints = tempfile.TemporaryFile(mode="w+")  # noqa: SIM115 - closed on exit
        self._process = subprocess.Popen(
            [str(python.absolute()), str(_PROGRAM)],
            env={**kept, **environment},
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

    def start(self, text: str) -> bool:
        """Start the application of a block; return whether it starts."""
        return bool(self._execute({"start": text})["started"])

    def run(self, text: str) -> str | None:
        """Run *text*; return what it raises."""
        raised = self._execute({"run": text})["raised"]
        return None if raised is None else str(raised)

    def status(self, request: Mapping[str, Any]) -> int | None:
        """Send a request; return the status, or None if no application has started."""
        status = self._execute({"request": request})["status"]
        return None if status is None else int(status)

    def _execute(self, command: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(command)}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            self._complaints.seek(0)
            raise RuntimeError(self._complaints.read()[-2000:])
        result: dict[str, Any] = json.loads(line)
        return result
