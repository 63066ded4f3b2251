"""Interleaved timing: every row in every round, so that noise falls on all alike."""

import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

_UNTIMED = 3  # keys are fetched in the first round; in each, the row before had the caches

Call: TypeAlias = Callable[[], Awaitable[None]]
Round: TypeAlias = Mapping[str, float]
"""What one call of each row took in a round, in µs."""


@dataclass(frozen=True)
class Row:
    """One thing to be timed.

    Attributes:
        name: What it is.
        calls: How often it is timed in a round.
        call: One call, which raises if the answer is not the right one.
    """

    name: str
    calls: int
    call: Call


@dataclass(frozen=True)
class Timings:
    """What was timed, round by round."""

    rounds: Sequence[Round]

    def median(self, of: Callable[[Round], float]) -> float:
        """Return the median, over all rounds, of what *of* reads from each."""
        return statistics.median(of(each) for each in self.rounds)

    def time(self, name: str) -> float:
        """Return what the row *name* takes."""
        return self.median(lambda took: took[name])

    def added(self, name: str, to: str) -> float:
        """Return what the row *name* takes beyond the row *to*, which met the same noise."""
        return self.median(lambda took: took[name] - took[to])


@dataclass(frozen=True)
class Measured:
    """The same run by two clocks.

    Attributes:
        elapsed: What passed on the wall.
        busy: How much of that this process had a processor: what others on the machine do
            is not in it, nor is waiting.
    """

    elapsed: Timings
    busy: Timings


def called(calls: int, rounds: int) -> int:
    """Return how often a row is called in all that is called so often in a round."""
    return (_UNTIMED + calls) * rounds


async def measure(rows: Sequence[Row], rounds: int) -> Measured:
    """Time every row in every round; garbage is collected as Python does by itself."""
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
