"""What observers and traces cost a cached request, timed in turns with a request without them."""

import sys
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from itertools import repeat
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from oauth_guard import OAuthGuardMiddleware
from oauth_guard.protocol.events import Decision
from oauth_guard.testing import LocalIssuer, SigningKey
from tests.tools.benchmarks.measure import Row, measure
from tests.tools.benchmarks.request import bearer
from tests.tools.benchmarks.rows import bare_app, guard_for, row

_ROUNDS, _CALLS = 25, 300
_BUDGET = 0.5  # µs
_REFERENCE = 3.7  # µs that a row of a cached request takes on the machine of docs/performance.md


def _counting() -> Callable[[Decision], None]:
    counts = Counter[str]()

    def count(decision: Decision) -> None:
        counts[decision.outcome] += 1

    return count


_GUARDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "counting": {"observers": [_counting()]},
}


async def _least() -> dict[str, float]:
    """Return the least time of each row over all rounds, in µs of processor time."""
    issuer = LocalIssuer(key=SigningKey("k1", "RS256"))
    fields = bearer(issuer.token("read"))
    async with AsyncExitStack() as stack:
        rows: list[Row] = []
        for name, settings in _GUARDS.items():
            guard = await stack.enter_async_context(guard_for(issuer, **settings))
            app = OAuthGuardMiddleware(bare_app, guard)
            rows.append(row(name, app, repeat(fields), calls=_CALLS))
        rounds = (await measure(rows, _ROUNDS)).busy.rounds
    return {each.name: min(took[each.name] for took in rounds) for each in rows}


async def test_observer_that_counts_costs_half_a_microsecond_at_most() -> None:
    """On a slow machine in proportion; the least of many rounds is free of what else runs."""
    for _ in range(3):  # a burst of other work may last for all rounds
        least = await _least()
        slower = max(1.0, least["plain"] / _REFERENCE)
        added = least["counting"] - least["plain"]
        if added <= _BUDGET * slower:
            return
    pytest.fail(f"counting adds {added:.2f} µs to {least['plain']:.2f} µs")


async def test_guard_without_observers_runs_no_code_of_theirs() -> None:
    """Neither for them nor for a trace, so it costs nothing."""
    assert await _modules({}) & {"observers", "trace"} == set()
    assert await _modules({"observers": [_counting()]}) >= {"observers"}
    assert await _modules({"trace": True}) >= {"observers", "trace"}


async def _modules(settings: dict[str, Any]) -> set[str]:
    """Return the modules of the library whose functions run for a cached request."""
    issuer = LocalIssuer(key=SigningKey("k1", "RS256"))
    found: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and "oauth_guard" in frame.f_code.co_filename:
            found.add(Path(frame.f_code.co_filename).stem)

    async with guard_for(issuer, **settings) as guard:
        fields = bearer(issuer.token("read"))
        request = row("cached", OAuthGuardMiddleware(bare_app, guard), repeat(fields))
        for _ in range(3):
            await request.call()
        earlier = sys.getprofile()
        sys.setprofile(note)
        try:
            await request.call()
        finally:
            sys.setprofile(earlier)
    return found
