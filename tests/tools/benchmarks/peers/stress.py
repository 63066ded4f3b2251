"""Stress: concurrency, many opaque tokens, and an outage of the issuer, for one peer."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import httpx

from oauth_guard.asgi import Application
from tests.tools.benchmarks.peers.final_status import final_status
from tests.tools.benchmarks.peers.guarded import Guarded, Issuer
from tests.tools.benchmarks.peers.paths import Plan
from tests.tools.benchmarks.request import bearer

CROWD, DISTINCT, AT_ONCE = 200, 1000, 50
KEYS_LIVE = 1.0  # seconds, if the peer has a setting
_REPEATED, _TIME_LIMIT = 3, 10.0


@dataclass(frozen=True)
class Rate:
    """The time of 1,000 tokens, directly by the client and through the guard.

    Attributes:
        client: Seconds for the client alone.
        guard: Seconds for the guard.
        served: The number of requests that were served.
    """

    client: float
    guard: float
    served: int


class Stress:
    """The measurements of one peer beside the timing."""

    def __init__(
        self,
        build: Callable[..., Awaitable[Guarded]],
        guarded: Guarded,
        issuer: Issuer,
        plan: Plan,
    ) -> None:
        self._build = build
        self._opaque = guarded.opaque
        self._issuer = issuer
        self._plan = plan
        self._number = itertools.count()
        self._short_lived: Guarded | None = None

    async def crowd(self) -> int | None:
        """Send one opaque token in many concurrent requests; return how many were served."""
        if self._opaque is None:
            return None
        return await _served_at_once(self._opaque, ["crowd"] * CROWD)

    async def rate(self) -> list[Rate]:
        """Send many distinct opaque tokens, and introspect as many directly."""
        rates: list[Rate] = []
        ends = time.perf_counter() + _TIME_LIMIT
        while self._opaque is not None and len(rates) < _REPEATED and time.perf_counter() < ends:
            began = time.perf_counter()
            await self._introspect_without_guard()
            halfway = time.perf_counter()
            tokens = [f"distinct-{next(self._number)}" for _ in range(DISTINCT)]
            served = 0
            for part in _parts(tokens):
                served += await _served_at_once(self._opaque, part)
            rates.append(Rate(halfway - began, time.perf_counter() - halfway, served))
        return rates

    async def fetch_keys(self) -> int:
        """Set up the peer again with a short life of its keys, and make it fetch them."""
        self._short_lived = await self._build(self._issuer, KEYS_LIVE)
        return await final_status(self._short_lived.app, bearer(self._plan.seen))

    async def outage(self) -> int:
        """Send valid tokens after those keys expired; return how many were served."""
        if self._short_lived is None:
            raise RuntimeError("fetch the keys first")
        if self._short_lived.age_keys is not None:
            self._short_lived.age_keys()
        statuses = [
            await final_status(self._short_lived.app, bearer(token)) for token in self._plan.kept
        ]
        return Counter(statuses)[200]

    async def _introspect_without_guard(self) -> None:
        async with httpx.AsyncClient() as http:
            for part in _parts([f"bare-{next(self._number)}" for _ in range(DISTINCT)]):
                requests = (
                    http.post(
                        self._issuer.introspection, data={"token": token}, auth=("api", "secret")
                    )
                    for token in part
                )
                for response in await asyncio.gather(*requests):
                    response.raise_for_status()


def _parts(tokens: list[str]) -> Iterable[list[str]]:
    return (tokens[start : start + AT_ONCE] for start in range(0, len(tokens), AT_ONCE))


async def _served_at_once(app: Application, tokens: Iterable[str]) -> int:
    statuses = await asyncio.gather(*(final_status(app, bearer(token)) for token in tokens))
    return Counter(statuses)[200]
