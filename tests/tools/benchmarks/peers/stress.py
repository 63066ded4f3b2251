"""Stress: what a peer does in a crowd, with many opaque tokens, and without its issuer."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import httpx

from oauth_guard.asgi import Application
from tests.tools.benchmarks.peers.answer import answer_of
from tests.tools.benchmarks.peers.guarded import Guarded, Issuer
from tests.tools.benchmarks.peers.paths import Plan
from tests.tools.benchmarks.request import bearer

CROWD, DISTINCT, AT_ONCE = 200, 1000, 50
KEYS_LIVE = 1.0  # seconds, where a setting of the peer allows it
_REPEATED, _ENOUGH = 3, 10.0


@dataclass(frozen=True)
class Rate:
    """How long 1 000 tokens took, once by the bare client and once through the guard.

    Attributes:
        client: Seconds of the bare client.
        guard: Seconds of the guard.
        served: How many of the requests were served.
    """

    client: float
    guard: float
    served: int


class Stress:
    """What is done to one peer beside the timing."""

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
        """Send one unknown opaque token in many requests at once; return how many were served."""
        if self._opaque is None:
            return None
        return await _served_at_once(self._opaque, ["crowd"] * CROWD)

    async def rate(self) -> list[Rate]:
        """Send many opaque tokens, each of them once, and ask the endpoint about as many."""
        rates: list[Rate] = []
        ends = time.perf_counter() + _ENOUGH
        while self._opaque is not None and len(rates) < _REPEATED and time.perf_counter() < ends:
            began = time.perf_counter()
            await self._ask_without_guard()
            halfway = time.perf_counter()
            tokens = [f"distinct-{next(self._number)}" for _ in range(DISTINCT)]
            served = 0
            for part in _parts(tokens):
                served += await _served_at_once(self._opaque, part)
            rates.append(Rate(halfway - began, time.perf_counter() - halfway, served))
        return rates

    async def fetch_keys(self) -> int:
        """Set the peer up anew with keys that live shortly, and let it fetch them."""
        self._short_lived = await self._build(self._issuer, KEYS_LIVE)
        return await answer_of(self._short_lived.app, bearer(self._plan.seen))

    async def outage(self) -> int:
        """Send good tokens now that those keys are old; return how many were served."""
        if self._short_lived is None:
            raise RuntimeError("fetch the keys first")
        if self._short_lived.age_keys is not None:
            self._short_lived.age_keys()
        statuses = [
            await answer_of(self._short_lived.app, bearer(token)) for token in self._plan.kept
        ]
        return Counter(statuses)[200]

    async def _ask_without_guard(self) -> None:
        async with httpx.AsyncClient() as http:
            for part in _parts([f"bare-{next(self._number)}" for _ in range(DISTINCT)]):
                asked = (
                    http.post(
                        self._issuer.introspection, data={"token": token}, auth=("api", "secret")
                    )
                    for token in part
                )
                for answer in await asyncio.gather(*asked):
                    answer.raise_for_status()


def _parts(tokens: list[str]) -> Iterable[list[str]]:
    return (tokens[start : start + AT_ONCE] for start in range(0, len(tokens), AT_ONCE))


async def _served_at_once(app: Application, tokens: Iterable[str]) -> int:
    statuses = await asyncio.gather(*(answer_of(app, bearer(token)) for token in tokens))
    return Counter(statuses)[200]
