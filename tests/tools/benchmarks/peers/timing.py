"""Timing: one peer's part of an interleaved measurement, round by round."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tests.tools.benchmarks.peers.final_status import final_status
from tests.tools.benchmarks.peers.paths import Path, Work

Seconds: TypeAlias = dict[str, float]
Statuses: TypeAlias = dict[str, list[int]]

_LONGEST = 0.003  # the time for one path in a round, at least one request
WARM_UPS = 3


@dataclass(frozen=True)
class Measured:
    """The result of one round.

    Attributes:
        seconds: The processor time of one call, for each path.
        statuses: The distinct statuses, for each path.
    """

    seconds: Seconds
    statuses: Statuses


class Timing:
    """Times every path in every round; a slow path gets fewer calls, so that none dominates."""

    def __init__(self, paths: Sequence[Path | Work]) -> None:
        self._paths = paths
        self._calls = dict.fromkeys((path.name for path in paths), 1)

    async def warm_up(self) -> Measured:
        """Load code and keys, and determine the number of calls in a round."""
        for _ in range(WARM_UPS):
            measured = await self.round()
            for path in self._paths:
                fitting = min(path.most, int(_LONGEST / measured.seconds[path.name]))
                self._calls[path.name] = max(self._calls[path.name], fitting)
        return measured

    async def round(self) -> Measured:
        """Time every path once."""
        seconds: Seconds = {}
        statuses: Statuses = {}
        for path in self._paths:
            calls = self._calls[path.name]
            # Nothing waits for I/O here: on an idle machine this is the whole time,
            # and on a busy one it excludes other processes.
            began = time.process_time()
            received = await _call(path, calls)
            seconds[path.name] = (time.process_time() - began) / calls
            statuses[path.name] = sorted(received)
        return Measured(seconds, statuses)


async def _call(path: Path | Work, times: int) -> set[int]:
    """Call *path* this many times, and return the distinct statuses."""
    received: set[int] = set()
    if isinstance(path, Work):
        for _ in range(times):
            path.call()
    else:
        for _ in range(times):
            received.add(await final_status(path.app, next(path.requests)))
    return received
