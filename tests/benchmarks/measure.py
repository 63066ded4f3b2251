"""Interleaved timing: every row in every round, so that noise falls on all alike."""

import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

Call = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: What is measured.
        calls: How often it is called in a round.
        call: One call, which raises if the answer is not the right one.
    """

    name: str
    calls: int
    call: Call


@dataclass(frozen=True)
class Result:
    """The medians of a row over all rounds.

    Attributes:
        name: What was measured.
        seconds: The time of one call.
        busy_seconds: How much of it this process had a processor.
        ratio: That time to the first row's, in the same round.
    """

    name: str
    seconds: float
    busy_seconds: float
    ratio: float


async def measure(rows: Sequence[Row], rounds: int) -> list[Result]:
    """Time every row in every round; the first row is what the others are held to."""
    for row in rows:
        await row.call()  # warm: keys are fetched, code is loaded
    times = [[await _time(row) for row in rows] for _ in range(rounds)]
    return [
        Result(
            row.name,
            statistics.median(each[index][0] for each in times),
            statistics.median(each[index][1] for each in times),
            statistics.median(each[index][0] / each[0][0] for each in times),
        )
        for index, row in enumerate(rows)
    ]


async def _time(row: Row) -> tuple[float, float]:
    call = row.call
    began, busy = time.perf_counter(), time.process_time()
    for _ in range(row.calls):
        await call()
    seconds, busy_seconds = time.perf_counter() - began, time.process_time() - busy
    return seconds / row.calls, busy_seconds / row.calls
