"""What becomes of good tokens while their issuer is down, and how late the loop is meanwhile."""

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
    """Answer as a host that is not there."""
    raise httpx.ConnectError("refused", request=request)


async def is_stuck(_: httpx.Request) -> httpx.Response:
    """Answer as a host that takes a question, and forgets it."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


@dataclass(frozen=True)
class Case:
    """Good tokens that come all at once, each one new.

    Attributes:
        name: What befell their issuer, and what becomes of them.
        outage: What answers in its place.
        age: How old its keys are here, in seconds.
        status: What each token must be answered with.
        new_key: They were signed by a key that it has not told anybody of.
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
    """Return how many got the right answer in each case, and how late the loop was at most."""
    issuer = LocalIssuer(key=SigningKey("k1", "RS256"))
    with _quiet():
        outcomes = [[await endure(case, issuer) for case in CASES] for _ in range(rounds)]
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


async def endure(case: Case, issuer: LocalIssuer) -> tuple[int, float]:
    """Return how many tokens got the right answer in *case*, and the longest lag in seconds."""
    clock = FakeClock(1000)
    issuers = [JWTIssuer(issuer.issuer, http=issuer.http, jwks_cache=_TIMES, clock=clock)]
    signs = LocalIssuer(issuer.issuer, key=SigningKey("new", "RS256")) if case.new_key else issuer
    tokens = [signs.token("read") for _ in range(_TOKENS)]
    async with Guard(RESOURCE, issuers) as guard:
        app = OAuthGuardMiddleware(bare_app, guard)
        await status_of(app, issuer.token("read"))
        clock.advance(case.age)
        issuer.outage, asked_before = case.outage, len(issuer.requests)
        async with lag() as ticks:
            statuses = await asyncio.gather(*(status_of(app, token) for token in tokens))
            await asyncio.sleep(_MOMENT)  # in which a fetch may fail
        issuer.outage = None
    asked = len(issuer.requests) - asked_before
    if asked != (case.outage is not None):
        raise RuntimeError(f"{case.name}: the issuer was asked {asked} times")
    return statuses.count(case.status), max(ticks)


@contextmanager
def _quiet() -> Iterator[None]:
    """Spare the terminal a thousand warnings of what is no surprise here."""
    logger, nowhere = logging.getLogger("oauth_guard"), logging.NullHandler()
    logger.addHandler(nowhere)
    try:
        yield
    finally:
        logger.removeHandler(nowhere)
