"""ForeignProcess: an application of a page in the environment of the foreign libraries."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.tools.benchmarks.peers.environment import ENVIRONMENT, prepare
from tests.tools.line_process import LineProcess

_FOLDER = Path(__file__).parent
_PROGRAM = _FOLDER / "foreign_app.py"
_REQUIREMENTS = _FOLDER / "requirements.txt"


class ForeignProcess(LineProcess):
    """Starts applications, one after the other, and sends requests to them.

    Args:
        environment: Variables of the process beside ours.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        python = prepare(ENVIRONMENT.with_name("migrations"), _REQUIREMENTS)
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        command = [str(python.absolute()), str(_PROGRAM)]
        super().__init__("the application", command, {**kept, **environment})

    def start(self, text: str) -> bool:
        """Start the application of a block; return whether it starts."""
        return bool(self.execute({"start": text})["started"])

    def run(self, text: str) -> str | None:
        """Run *text*; return what it raises."""
        raised = self.execute({"run": text})["raised"]
        return None if raised is None else str(raised)

    def status(self, request: Mapping[str, Any]) -> int | None:
        """Send a request; return the status, or None if no application has started."""
        status = self.execute({"request": request})["status"]
        return None if status is None else int(status)
