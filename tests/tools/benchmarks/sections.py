"""The sections of the report: the names for `--only`, and how each is measured."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any, TypeAlias

from tests.tools.benchmarks.claimed import measure_claims
from tests.tools.benchmarks.figures import Curve, Figure
from tests.tools.benchmarks.growth import measure_growth
from tests.tools.benchmarks.importing import measure_importing
from tests.tools.benchmarks.in_process import GROUPS, measure_in_process
from tests.tools.benchmarks.lag import measure_lag
from tests.tools.benchmarks.memory import measure_memory
from tests.tools.benchmarks.opaque import measure_opaque
from tests.tools.benchmarks.outage import measure_outages
from tests.tools.benchmarks.served import measure_served
from tests.tools.benchmarks.upstream import measure_upstream
from tests.tools.benchmarks.workers import measure_workers

Results: TypeAlias = Sequence[Figure | Curve]
Measure: TypeAlias = Callable[[int], Coroutine[Any, Any, Results]]


def _measure_processes() -> Results:
    return [*measure_workers(), *measure_upstream(), *measure_claims()]


_FEWER = 4  # there are about forty rows
_ON_THEIR_OWN: Mapping[str, Measure] = {
    "opaque": measure_opaque,
    "growth": lambda rounds: measure_growth(max(1, rounds // _FEWER)),
    "workers": lambda _rounds: asyncio.to_thread(_measure_processes),
    "memory": lambda _rounds: measure_memory(),
    "lag": lambda _rounds: measure_lag(),
    "outage": lambda _rounds: measure_outages(),
    "import": lambda _rounds: asyncio.to_thread(measure_importing),
    "served": lambda _rounds: asyncio.to_thread(measure_served),
}
SECTIONS: tuple[str, ...] = (*GROUPS, *_ON_THEIR_OWN)
HEADINGS: Mapping[str, str] = {
    "seen": "A token seen before",
    "bound": "Tokens bound to a key",
    "new": "New tokens",
    "rejected": "Rejected requests",
    "routes": "On a route, beyond the middleware",
    "opaque": "Opaque tokens",
    "growth": "How cost grows",
    "workers": "Processes that share a Valkey",
    "memory": "Memory per token",
    "lag": "During a flood of invalid tokens",
    "outage": "During an outage of the issuer",
    "import": "Import",
    "served": "Over a real server",
}


def measure_sections(names: Collection[str], rounds: int) -> dict[str, Results]:
    """Return the results of the sections with these *names*, under their headings.

    All groups that are timed in this process share one run; each other section has its own loop.
    """
    together = [name for name in GROUPS if name in names]
    found: dict[str, Results] = {}
    if together:
        groups = asyncio.run(measure_in_process(together, rounds))
        found |= {HEADINGS[name]: figures for name, figures in groups.items()}
    for name, measure in _ON_THEIR_OWN.items():
        if name in names:
            found[HEADINGS[name]] = asyncio.run(measure(rounds))
    return found
