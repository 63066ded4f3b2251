"""Timing: one peer's part of an interleaved measurement, round by round."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tests.tools.benchmarks.peers.answer import answer_of
from tests.tools.benchmarks.peers.paths import Path, Work

Seconds: TypeAlias = dict[str, float]
Statuses: TypeAlias = dict[str, list[int]]

_LONGEST = 0.003  # how long one path may take in a round, as far as one request allows
WARM_UPS = 3


@dataclass(frozen=True)
class Measured:
    """What one round took.

    Attributes:
        seconds: The processor's time for one call, for each path.
        statuses: What was answered, once each, for each path.
    """

    seconds: Seconds
    statuses: Statuses


class Timing:
    """Times every path in every round; a dear path has fewer calls, so that none takes over."""

    def __init__(self, paths: Sequence[Path | Work]) -> None:
        self._paths = paths
        self._calls = dict.fromkeys((path.name for path in paths), 1)

    async def warm_up(self) -> Measured:
        """Load the code and the keys, and find out how many calls a round can have."""
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
            # Nothing waits for the world here: on an idle machine this is all the time there is,
            # and on a busy one it leaves out what others had.
            began = time.process_time()
            answered = await _call(path, calls)
            seconds[path.name] = (time.process_time() - began) / calls
            statuses[path.name] = sorted(answered)
        return Measured(seconds, statuses)


async def _call(path: Path | Work, times: int) -> set[int]:
    """Go along *path* so many times, and return what was answered, once each."""
    answered: set[int] = set()
    if isinstance(path, Work):
        for _ in range(times):
            path.call()
    else:
        for _ in range(times):
            answered.add(await answer_of(path.app, next(path.requests)))
    return answered
