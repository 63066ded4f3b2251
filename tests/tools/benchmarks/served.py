"""A route over a real server, guarded and not: requests a second, as counted by `wrk`."""

import json
import os
import re
import select
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.tools.benchmarks.figures import Figure, Target
from tests.tools.benchmarks.peers.environment import ENVIRONMENT

_ROOT = Path(__file__).parents[3]
_PATIENCE = 20
_CONNECTIONS = 32


@dataclass(frozen=True)
class Served:
    """A running server.

    Attributes:
        plain: The URL of the route without a guard.
        guarded: The URL of the same route behind a guard.
        trusting: The URL behind Starlette's middleware, which trusts the header.
        token: A valid token.
        name: The parts of uvicorn.
    """

    plain: str
    guarded: str
    trusting: str
    token: str
    name: str

    def busy(self) -> float:
        """Return for how many seconds the server has had a processor."""
        return float(httpx.get(f"{self.plain}/busy", trust_env=False, timeout=_PATIENCE).text)


@dataclass(frozen=True)
class Load:
    """The result of a load: requests a second, and processor seconds for each."""

    rate: float
    busy: float


def measure_served(rounds: int = 10, seconds: int = 1) -> list[Figure]:
    """Return how the guarded route compares; nothing if `wrk` is missing.

    Both uvicorn as installed in our environment and as in the peers' is measured, if present.

    Args:
        rounds: How often the routes are measured in turn; they are compared within a round.
        seconds: The duration of each measurement.
    """
    if shutil.which("wrk") is None:
        return []
    pythons = (sys.executable, ENVIRONMENT / "bin" / "python")
    return [
        figure
        for python in pythons
        if Path(python).exists()
        for figure in _compare(python, rounds, seconds)
    ]


def _compare(python: Path | str, rounds: int, seconds: int) -> Iterator[Figure]:
    with serving(python) as served:
        urls = (served.plain, served.guarded, served.trusting)
        for url in urls:
            load(served, url, seconds)
        loads = [_in_turn(served, urls, seconds, backwards=bool(n % 2)) for n in range(rounds)]
    name = f"Starlette route over uvicorn ({served.name})"
    yield Figure(
        f"{name}, token seen before",
        statistics.median(guarded.rate / plain.rate for plain, guarded, _ in loads),
        "× unguarded",
        Target(0.92, at_least=True),
    )
    yield Figure(
        f"{name}, by the processor's time alone",
        statistics.median(plain.busy / guarded.busy for plain, guarded, _ in loads),
        "× unguarded",
    )
    yield Figure(
        f"{name}, behind Starlette's AuthenticationMiddleware",
        statistics.median(trusting.rate / plain.rate for plain, _, trusting in loads),
        "× unguarded",
    )
    rates = zip(*((plain.rate, guarded.rate) for plain, guarded, _ in loads), strict=True)
    for what, each in zip(("unguarded", "guarded"), rates, strict=True):
        yield Figure(f"{name}, {what}", statistics.median(each), "1/s")


@contextmanager
def serving(python: Path | str = sys.executable) -> Iterator[Served]:
    """Run the server, alone on its processor if possible."""
    command = [*_alone_on(0), str(python), "-m", "tests.tools.benchmarks.route"]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready, _, _ = select.select([process.stdout], [], [], _PATIENCE)
            started = json.loads(process.stdout.readline() if ready else "null")
            plain, guarded, trusting = (f"http://127.0.0.1:{port}" for port in started["ports"])
            yield Served(plain, guarded, trusting, started["token"], started["name"])
        finally:
            process.kill()


def load(served: Served, url: str, seconds: int) -> Load:
    """Send requests for some *seconds*, as many as get a response.

    Raises:
        RuntimeError: A response was not 200.
    """
    command = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", "-H", _bearer(served), url]
    before = served.busy()
    finished = subprocess.run([*_alone_on(1), *command], capture_output=True, text=True, check=True)
    rate, requests = read_report(finished.stdout)
    return Load(rate, (served.busy() - before) / requests)


def read_report(text: str) -> tuple[float, int]:
    """Return the requests a second that `wrk` reports, and their number.

    Raises:
        RuntimeError: The report contains errors.
    """
    rate = re.search(r"^Requests/sec: +([\d.]+)$", text, re.MULTILINE)
    requests = re.search(r"^ +(\d+) requests in ", text, re.MULTILINE)
    if not (rate and requests) or "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"not every response was 200:\n{text}")
    return float(rate[1]), int(requests[1])


def _in_turn(
    served: Served, urls: Sequence[str], seconds: int, *, backwards: bool
) -> Sequence[Load]:
    """Return the result for each of *urls*, in alternating order."""
    loads = {url: load(served, url, seconds) for url in (reversed(urls) if backwards else urls)}
    return [loads[url] for url in urls]


def _bearer(served: Served) -> str:
    return f"Authorization: Bearer {served.token}"


def _alone_on(number: int) -> Sequence[str]:
    processors = sorted(os.sched_getaffinity(0)) if shutil.which("taskset") else []
    return ["taskset", "-c", str(processors[number])] if number < len(processors) else []
