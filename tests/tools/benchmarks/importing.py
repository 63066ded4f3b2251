"""How long `import oauth_guard` takes in a new process."""

import statistics
import subprocess
import sys

from tests.tools.benchmarks.figures import Figure, Target

_TIMED = "import time; t = time.process_time(); import {}; print(time.process_time() - t)"
_BASIS = "asyncio, cryptography.x509"


def measure_importing(rounds: int = 10) -> list[Figure]:
    """Return the processor time of the import, and of what nearly every application imports."""
    took = {name: [_import(name) for _ in range(rounds)] for name in (_BASIS, "oauth_guard")}
    return [
        Figure(f"import {_BASIS}", statistics.median(took[_BASIS]), "ms"),
        Figure("import oauth_guard", statistics.median(took["oauth_guard"]), "ms", Target(130)),
    ]


def _import(name: str) -> float:
    command = [sys.executable, "-c", _TIMED.format(name)]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(finished.stdout) * 1000
