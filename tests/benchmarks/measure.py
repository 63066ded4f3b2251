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
        ratio: That time to the first row's, in the same round.
    """

    name: str
    seconds: float
    ratio: float


async def measure(rows: Sequence[Row], rounds: int) -> list[Result]:
    """Time every row in every round; the first row is what the others are held to."""
    for row in rows:
        await row.call()  # warm: keys are fetched, code is loaded
    times = [[await _time(row) for row in rows] for _ in range(rounds)]
    return [
        Result(
            row.name,
            statistics.median(times_of_round[index] for times_of_round in times),
            statistics.median(
                times_of_round[index] / times_of_round[0] for times_of_round in times
            ),
        )
        for index, row in enumerate(rows)
    ]


async def _time(row: Row) -> float:
    call = row.call
    began = time.perf_counter()
    for _ in range(row.calls):
        await call()
    return (time.perf_counter() - began) / row.calls
