"""New tokens: the full validation of each, compared with the raw signature check."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from oauth_guard import OAuthGuardMiddleware
from tests.tools.benchmarks.figures import Figure, Target
from tests.tools.benchmarks.measure import Timings
from tests.tools.benchmarks.request import bearer
from tests.tools.benchmarks.rows import BARE, Group, bare_app, check_fetches, guard_for, row
from tests.tools.benchmarks.signatures import (
    ALGORITHMS,
    CALLS,
    FEW,
    SEVEN_MORE,
    Minted,
    mint,
)

_BEYOND_RAW_AT_MOST = Target(17)


@asynccontextmanager
async def new(rounds: int) -> AsyncIterator[Group]:
    """Return the rows for tokens that were never sent before, for each algorithm."""
    every = [mint(algorithm, rounds) for algorithm in ALGORITHMS]
    every.append(mint("RS256", rounds, SEVEN_MORE))
    async with AsyncExitStack() as stack:
        rows = []
        for minted in every:
            guard = await stack.enter_async_context(guard_for(minted.issuer))
            app = OAuthGuardMiddleware(bare_app, guard)
            tokens = map(bearer, minted.tokens)
            rows += [minted.raw_row(), row(_name(minted), app, tokens, calls=CALLS)]
        yield Group(rows, lambda timings: [f for each in every for f in _figures(timings, each)])


def _name(minted: Minted) -> str:
    more = "" if minted.claims == FEW else f" of {minted.claims} claims"
    return f"new {minted.algorithm} token{more}"


def _figures(timings: Timings, minted: Minted) -> list[Figure]:
    check_fetches(minted.issuer)
    name, raw = _name(minted), timings.time(minted.raw_name)
    added = timings.added(name, BARE)
    is_rs256 = minted.algorithm == "RS256"
    at_most = Target(2.05 if minted.claims == FEW else 2.5)
    return [
        Figure(minted.raw_name, raw, "µs"),
        Figure(f"{name}: added", added, "µs"),
        Figure(name, added / raw, "× raw", at_most if is_rs256 else None),
        Figure(f"{name}: beyond raw", added - raw, "µs", None if is_rs256 else _BEYOND_RAW_AT_MOST),
    ]
