"""How long `import oauth_guard` takes in a new process, from bytecode as an installation has it."""

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from tempfile import TemporaryDirectory

from tests.tools.benchmarks.figures import Figure, Target

_TIMED = "import time; t = time.process_time(); import {}; print(time.process_time() - t)"
_BASIS = "asyncio, cryptography.x509"
_LIBRARY = "oauth_guard"


def measure_importing(rounds: int = 10) -> list[Figure]:
    """Return the processor time of the import, and of what nearly every application imports.

    Each is imported once before, so that its bytecode is there: an installer writes it, and a
    checkout has none where `PYTHONDONTWRITEBYTECODE` is set. The two take turns.
    """
    took: dict[str, list[float]] = {_BASIS: [], _LIBRARY: []}
    with TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for name in took:
            _import(name, environment)
        for _ in range(rounds):
            for name, times in took.items():
                times.append(_import(name, environment))
    return [
        Figure(f"import {_BASIS}", statistics.median(took[_BASIS]), "ms"),
        Figure(f"import {_LIBRARY}", statistics.median(took[_LIBRARY]), "ms", Target(130)),
    ]


def _import(name: str, environment: Mapping[str, str]) -> float:
    """Return the ms of one import in a new process."""
    command = [sys.executable, "-c", _TIMED.format(name)]
    finished = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(finished.stdout) * 1000
