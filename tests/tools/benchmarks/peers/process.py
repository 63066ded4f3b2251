"""Process: the parent's handle of one peer in its own process."""

import os
from pathlib import Path
from typing import Any

from tests.tools.benchmarks.peers.paths import Plan
from tests.tools.line_process import LineProcess

_ROOT = Path(__file__).parents[4]


class Process(LineProcess):
    """Starts the peer, and sends it one command after the other."""

    def __init__(self, python: Path, setup: str) -> None:
        command = [str(python.absolute()), "-m", "tests.tools.benchmarks.peers.child", setup]
        environment = {**os.environ, "PYTHONPATH": str(_ROOT), "NO_PROXY": "127.0.0.1"}
        super().__init__(setup, command, environment, _ROOT)

    def start(self, plan: Plan) -> Any:
        """Send the plan, and return the results of the first requests."""
        self.send(vars(plan))
        return self.execute("start")
