"""Timing: one peer's part of an interleaved measurement, round by round."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tests.benchmarks.peers.answer import answer_of
from tests.benchmarks.peers.paths import Path, Work

Seconds: TypeAlias = dict[str, float]
Statuses: TypeAlias = dict[str, list[int]]

_ROUND = 0.004  # how long one path may take in a round, as far as one request allows


@dataclass(frozen=True)
class Measured:
    """What one round took.

    Attributes:
        seconds: The time of one call, for each path.
        statuses: What was answered, once each, for each path.
    """

    seconds: Seconds
    statuses: Statuses


class Timing:
    """Times every path in every round; a dear path has fewer calls, so that none takes over."""

    def __init__(self, paths: Sequence[Path | Work]) -> None:
        self._paths = paths
        self._calls: dict[str, int] = {}

    async def warm_up(self) -> Measured:
        """Load the code and the keys, and find out how many calls a round can have."""
        await self._time_all(dict.fromkeys((path.name for path in self._paths), 1))
        measured = await self._time_all(dict.fromkeys((path.name for path in self._paths), 2))
        for path in self._paths:
            fitting = int(_ROUND / measured.seconds[path.name])
            self._calls[path.name] = max(1, min(path.most, fitting))
        return measured

    async def round(self) -> Measured:
        """Time every path once."""
        return await self._time_all(self._calls)

    async def _time_all(self, calls: dict[str, int]) -> Measured:
        seconds: Seconds = {}
        statuses: dict[str, set[int]] = defaultdict(set)
        for path in self._paths:
            times = calls[path.name]
            began = time.perf_counter()
            if isinstance(path, Work):
                for _ in range(times):
                    path.call()
            else:
                for _ in range(times):
                    statuses[path.name].add(await answer_of(path.app, next(path.requests)))
            seconds[path.name] = (time.perf_counter() - began) / times
        return Measured(seconds, {name: sorted(seen) for name, seen in statuses.items()})
