"""A route over a real server, guarded and not: the processor time of a request."""

import json
import os
import random
import select
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.tools.benchmarks.figures import Figure, Target
from tests.tools.benchmarks.peers.environment import ENVIRONMENT
from tests.tools.benchmarks.route import CONTROL, FLOOR, GUARDED, TRUSTING, UNGUARDED

_ROOT = Path(__file__).parents[3]
_TIMEOUT = 20
_FAST = "httptools and uvloop"


@dataclass(frozen=True)
class Served:
    """A running server.

    Attributes:
        ports: The port of each application, by its name.
        token: A valid token.
        name: The parts of uvicorn.
    """

    ports: Mapping[str, int]
    token: str
    name: str

    def url(self, name: str) -> str:
        """Return the URL of the route of an application."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def busy(self) -> float:
        """Return for how many seconds the server has had a processor."""
        url = f"{self.url(UNGUARDED)}/busy"
        return float(httpx.get(url, trust_env=False, timeout=_TIMEOUT).text)


def measure_served(rounds: int = 10, seconds: float = 0.5) -> list[Figure]:
    """Return what the guard adds to the processor time of a request, and what others add.

    Both uvicorn as installed in our environment and as in the peers' is measured, if present.

    Args:
        rounds: How often all applications are measured, each time in another order. They are
            compared within a round.
        seconds: The duration of each measurement.
    """
    pythons = (sys.executable, ENVIRONMENT / "bin" / "python")
    return [
        figure
        for python in pythons
        if Path(python).exists()
        for figure in _compare(python, rounds, seconds)
    ]


def _compare(python: Path | str, rounds: int, seconds: float) -> Iterator[Figure]:
    with serving(python) as served:
        names = [*served.ports]
        for name in names:
            busy_per_request(served, name, seconds)
        took = []
        for _ in range(rounds):
            random.shuffle(names)
            took.append({name: busy_per_request(served, name, seconds) for name in names})
    title = f"Starlette route over uvicorn ({served.name})"
    is_fast = served.name == _FAST
    plain = [each[UNGUARDED] for each in took]
    yield _figure(f"{title}, {UNGUARDED}", [busy * 1e6 for busy in plain], "µs")
    targets = {GUARDED: Target(0.87 if is_fast else 0.92, at_least=True)}
    for name in (GUARDED, TRUSTING, FLOOR, CONTROL):
        times = [each[UNGUARDED] / each[name] for each in took]
        yield _figure(f"{title}, {name}", times, "× unguarded", targets.get(name))
    added = [(each[GUARDED] - each[UNGUARDED]) * 1e6 for each in took]
    yield _figure(f"{title}, {GUARDED}: added", added, "µs", Target(4.1) if is_fast else None)


def _figure(name: str, values: list[float], unit: str, target: Target | None = None) -> Figure:
    tenths = statistics.quantiles(values * 2 if len(values) == 1 else values, n=10)
    return Figure(name, statistics.median(values), unit, target, (tenths[0], tenths[-1]))


@contextmanager
def serving(python: Path | str = sys.executable) -> Iterator[Served]:
    """Run the server, alone on its processor if possible."""
    command = [*_alone_on(0), str(python), "-m", "tests.tools.benchmarks.route"]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready, _, _ = select.select([process.stdout], [], [], _TIMEOUT)
            yield Served(**json.loads(process.stdout.readline() if ready else "null"))
        finally:
            process.kill()


def busy_per_request(served: Served, name: str, seconds: float) -> float:
    """Send requests to the application *name* for some *seconds*, as many as get a response.

    Returns:
        The processor seconds of the server for each request.

    Raises:
        CalledProcessError: A response was not 200.
    """
    port = str(served.ports[name])
    command = ["-m", "tests.tools.benchmarks.load", port, served.token, str(seconds)]
    before = served.busy()
    finished = subprocess.run(
        [*_alone_on(1), sys.executable, *command],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return (served.busy() - before) / int(finished.stdout)


def _alone_on(number: int) -> Sequence[str]:
    processors = sorted(os.sched_getaffinity(0)) if shutil.which("taskset") else []
    return ["taskset", "-c", str(processors[number])] if number < len(processors) else []
