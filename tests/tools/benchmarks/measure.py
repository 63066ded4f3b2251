"""Interleaved timing: every row in every round, so that noise affects all rows alike."""

import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

_UNTIMED = 3  # the first round fetches keys; in each round the previous row filled the caches

Call: TypeAlias = Callable[[], Awaitable[None]]
Round: TypeAlias = Mapping[str, float]
"""What one call of each row took in a round, in µs."""


@dataclass(frozen=True)
class Row:
    """One thing to time.

    Attributes:
        name: Its name.
        calls: How often it is called in a round.
        call: One call, which raises if the result is wrong.
    """

    name: str
    calls: int
    call: Call


@dataclass(frozen=True)
class Timings:
    """The times of each round."""

    rounds: Sequence[Round]

    def median(self, of: Callable[[Round], float]) -> float:
        """Return the median, over all rounds, of what *of* computes from each."""
        return statistics.median(of(each) for each in self.rounds)

    def time(self, name: str) -> float:
        """Return the time of the row *name*."""
        return self.median(lambda took: took[name])

    def added(self, name: str, to: str) -> float:
        """Return the time of the row *name* minus that of the row *to* in the same round."""
        return self.median(lambda took: took[name] - took[to])


@dataclass(frozen=True)
class Measured:
    """The same run by two clocks.

    Attributes:
        elapsed: Wall-clock time.
        busy: Processor time of this process, which excludes other processes and waiting.
    """

    elapsed: Timings
    busy: Timings


def called(calls: int, rounds: int) -> int:
    """Return how often a row is called in a whole run with this many calls a round."""
    return (_UNTIMED + calls) * rounds


async def measure(rows: Sequence[Row], rounds: int) -> Measured:
    """Time every row in every round, with Python's default garbage collection."""
    times = [{row.name: await _time(row) for row in rows} for _ in range(rounds)]
    elapsed, busy = (
        Timings([{name: time[clock] for name, time in each.items()} for each in times])
        for clock in range(2)
    )
    return Measured(elapsed, busy)


async def _time(row: Row) -> tuple[float, float]:
    call = row.call
    for _ in range(_UNTIMED):
        await call()
    began, busy = time.perf_counter(), time.process_time()
    for _ in range(row.calls):
        await call()
    seconds, busy_seconds = time.perf_counter() - began, time.process_time() - busy
    return seconds / row.calls * 1e6, busy_seconds / row.calls * 1e6
