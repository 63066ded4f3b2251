"""Valid tokens while their issuer is down: the statuses, and the event loop's lag meanwhile."""

import asyncio
import logging
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.issuers.remote_keys import JWKSCache
from oauth_guard.testing import LocalIssuer, SigningKey
from oauth_guard.testing.issuer import Outage
from tests.builders.clock import FakeClock
from tests.tools.benchmarks.figures import Figure, Target
from tests.tools.benchmarks.lag import lag
from tests.tools.benchmarks.request import status_of
from tests.tools.benchmarks.rows import RESOURCE, bare_app

_TOKENS = 200
_TIMES = JWKSCache()
_FRESH, _STALE, _GONE = 60, _TIMES.max_age + 60, _TIMES.max_age + _TIMES.stale_if_error
_MOMENT = 0.05


def is_gone(request: httpx.Request) -> httpx.Response:
    """Respond as an unreachable host."""
    raise httpx.ConnectError("refused", request=request)


async def is_stuck(_: httpx.Request) -> httpx.Response:
    """Respond as a host that accepts a request and never responds."""
    await asyncio.Event().wait()
    raise AssertionError("no setup")


@dataclass(frozen=True)
class Case:
    """Valid tokens that arrive concurrently, each one new.

    Attributes:
        name: The fault of the issuer, and the expected result.
        outage: Responds in the issuer's place.
        age: The age of its keys in the guard, in seconds.
        status: The expected status of each response.
        new_key: The tokens are signed by a key that the issuer has not published.
    """

    name: str
    outage: Outage | None
    age: float
    status: int
    new_key: bool = False


CASES = (
    Case("no outage: served", None, _FRESH, 200),
    Case("key server down past the keys' life: served", is_gone, _STALE, 200),
    Case("key server stuck past the keys' life: served", is_stuck, _STALE, 200),
    Case("key server down for longer than keys serve: 503", is_gone, _GONE, 503),
    Case("key server down, tokens by a new key: 503", is_gone, _FRESH, 503, new_key=True),
)


async def measure_outages(rounds: int = 5) -> list[Figure]:
    """Return how many tokens got the right status in each case, and the longest lag."""
    issuer = LocalIssuer(key=SigningKey("k1", "RS256"))
    with _quiet():
        outcomes = [[await run_case(case, issuer) for case in CASES] for _ in range(rounds)]
    all_of_them = Target(_TOKENS, at_least=True, counted=True)
    counts = [
        Figure(case.name, min(right for right, _ in column), f"of {_TOKENS}", all_of_them)
        for case, column in zip(CASES, zip(*outcomes, strict=True), strict=True)
    ]
    lags = [
        statistics.median(late for _, late in column) * 1000
        for column in zip(*outcomes, strict=True)
    ]
    return [
        *counts,
        Figure("200 new tokens at once, no outage: loop lag", lags[0], "ms"),
        Figure("200 new tokens at once, any outage: loop lag", max(lags[1:]), "ms", Target(20)),
    ]


async def run_case(case: Case, issuer: LocalIssuer) -> tuple[int, float]:
    """Return how many tokens got the right status in *case*, and the longest lag in seconds."""
    clock = FakeClock(1000)
    issuers = [JWTIssuer(issuer.issuer, http=issuer.http, jwks_cache=_TIMES, clock=clock)]
    signs = LocalIssuer(issuer.issuer, key=SigningKey("new", "RS256")) if case.new_key else issuer
    tokens = [signs.token("read") for _ in range(_TOKENS)]
    async with Guard(RESOURCE, issuers) as guard:
        app = OAuthGuardMiddleware(bare_app, guard)
        await status_of(app, issuer.token("read"))
        clock.advance(case.age)
        issuer.outage, requests_before = case.outage, len(issuer.requests)
        async with lag() as ticks:
            statuses = await asyncio.gather(*(status_of(app, token) for token in tokens))
            await asyncio.sleep(_MOMENT)  # the time in which a fetch may fail
        issuer.outage = None
    issuer_requests = len(issuer.requests) - requests_before
    # For an unknown key, the metadata is fetched too: the keys may have moved.
    if not (case.outage is not None) <= issuer_requests <= 1 + case.new_key:
        raise RuntimeError(f"{case.name}: the issuer got {issuer_requests} requests")
    return statuses.count(case.status), max(ticks)


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the expected warnings, of which there would be a thousand."""
    logger, nowhere = logging.getLogger("oauth_guard"), logging.NullHandler()
    logger.addHandler(nowhere)
    try:
        yield
    finally:
        logger.removeHandler(nowhere)
