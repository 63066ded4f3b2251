"""A route over a real server, guarded and not: how many requests a second, as `wrk` counts them."""

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
        plain: Where the route is that nobody guards.
        guarded: Where the same one is behind a guard.
        believing: Where it is behind Starlette's own middleware, which believes the header.
        token: A token that is good there.
        name: What uvicorn was built of.
    """

    plain: str
    guarded: str
    believing: str
    token: str
    name: str

    def busy(self) -> float:
        """Return for how many seconds the server has had a processor."""
        return float(httpx.get(f"{self.plain}/busy", trust_env=False, timeout=_PATIENCE).text)


@dataclass(frozen=True)
class Load:
    """What a server did: requests a second, and seconds of a processor for each."""

    rate: float
    busy: float


def measure_served(rounds: int = 10, seconds: int = 1) -> list[Figure]:
    """Return how the guarded route compares; nothing where there is no `wrk`.

    It is measured as our own environment has uvicorn, and as the peers' has it, if that is there.

    Args:
        rounds: How often one is measured after the other: they are compared within each round.
        seconds: How long each time.
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
        urls = (served.plain, served.guarded, served.believing)
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
        statistics.median(believing.rate / plain.rate for plain, _, believing in loads),
        "× unguarded",
    )
    rates = zip(*((plain.rate, guarded.rate) for plain, guarded, _ in loads), strict=True)
    for what, each in zip(("unguarded", "guarded"), rates, strict=True):
        yield Figure(f"{name}, {what}", statistics.median(each), "1/s")


@contextmanager
def serving(python: Path | str = sys.executable) -> Iterator[Served]:
    """Run the server, alone on its processor where that can be had."""
    command = [*_alone_on(0), str(python), "-m", "tests.tools.benchmarks.route"]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready, _, _ = select.select([process.stdout], [], [], _PATIENCE)
            told = json.loads(process.stdout.readline() if ready else "null")
            plain, guarded, believing = (f"http://127.0.0.1:{port}" for port in told["ports"])
            yield Served(plain, guarded, believing, told["token"], told["name"])
        finally:
            process.kill()


def load(served: Served, url: str, seconds: int) -> Load:
    """Send requests for some *seconds*, as many as are answered.

    Raises:
        RuntimeError: One was not answered with 200.
    """
    command = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", "-H", _bearer(served), url]
    before = served.busy()
    answer = subprocess.run([*_alone_on(1), *command], capture_output=True, text=True, check=True)
    rate, requests = read_report(answer.stdout)
    return Load(rate, (served.busy() - before) / requests)


def read_report(text: str) -> tuple[float, int]:
    """Return the requests a second that `wrk` tells of, and how many there were.

    Raises:
        RuntimeError: It tells of something else, too.
    """
    rate = re.search(r"^Requests/sec: +([\d.]+)$", text, re.MULTILINE)
    requests = re.search(r"^ +(\d+) requests in ", text, re.MULTILINE)
    if not (rate and requests) or "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"not each request was answered with 200:\n{text}")
    return float(rate[1]), int(requests[1])


def _in_turn(
    served: Served, urls: Sequence[str], seconds: int, *, backwards: bool
) -> Sequence[Load]:
    """Return what each of *urls* did, whichever came first."""
    loads = {url: load(served, url, seconds) for url in (reversed(urls) if backwards else urls)}
    return [loads[url] for url in urls]


def _bearer(served: Served) -> str:
    return f"Authorization: Bearer {served.token}"


def _alone_on(number: int) -> Sequence[str]:
    processors = sorted(os.sched_getaffinity(0)) if shutil.which("taskset") else []
    return ["taskset", "-c", str(processors[number])] if number < len(processors) else []
