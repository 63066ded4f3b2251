"""The event loop's lag during a flood of invalid tokens."""

import asyncio
import itertools
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from oauth_guard import Guard, JWTIssuer, OAuthGuardMiddleware
from oauth_guard.asgi import Application
from oauth_guard.testing import LocalIssuer, SigningKey
from tests.tools.benchmarks.figures import Figure, Target
from tests.tools.benchmarks.request import status_of
from tests.tools.benchmarks.rows import RESOURCE, bare_app

_BAD, _GOOD = 10_000, 100  # tokens a second
_TICK = 0.001
_IN_A_TURN = 20  # connections, each with one request at a time
_FETCHES = 2  # the metadata and the keys
_FETCHES_FOR_FORGED = 20  # a bad signature may mean that the key was replaced


@dataclass(frozen=True)
class Flood:
    """Invalid tokens at a high rate.

    Attributes:
        name: What the tokens are.
        tokens: The tokens, sent repeatedly, since no rejection is cached.
        status: The expected status of each response.
        target: The target for the lag in milliseconds, for 99 of 100 ticks.
    """

    name: str
    tokens: tuple[str, ...]
    status: int = 401
    target: Target | None = None


@dataclass(frozen=True)
class FloodResult:
    """The course of a flood.

    Attributes:
        lag: The 99th percentile of the lag, in seconds.
        bad: The statuses of the responses to invalid tokens.
        good: The statuses of the responses to valid tokens among them.
    """

    lag: float
    bad: Counter[int]
    good: Counter[int]


async def measure_lag(rounds: int = 5, seconds: float = 1) -> list[Figure]:
    """Return the lag in each flood, and the share of valid tokens that were accepted meanwhile."""
    issuer = LocalIssuer(key=SigningKey("k1", "RS256"))
    issuer.keys.extend(SigningKey("shared", "RS256") for _ in range(5))
    floods = floods_for(issuer)
    courses = [[await run_flood(flood, issuer, seconds) for flood in floods] for _ in range(rounds)]
    figures = [
        Figure(f"{flood.name}: loop lag, p99", _lag(column) * 1000, "ms", flood.target)
        for flood, column in zip(floods, zip(*courses, strict=True), strict=True)
    ]
    every = list(itertools.chain.from_iterable(courses))
    pace = statistics.median(each.bad.total() / seconds for each in every if each.bad)
    good = sum((each.good for each in every), Counter[int]())
    all_of_them = Target(100, at_least=True, counted=True)
    return [
        *figures,
        Figure("invalid tokens sent", pace, "1/s"),
        Figure("valid tokens accepted meanwhile", 100 * good[200] / good.total(), "%", all_of_them),
    ]


def floods_for(issuer: LocalIssuer) -> list[Flood]:
    """Return the floods for *issuer*; the first one is empty."""
    stranger = SigningKey(issuer.keys[0].key_id, "RS256")
    forged = _signed_by(stranger, 40)
    # Five keys share the `kid`, so each of them is tried.
    dear = _signed_by(SigningKey(issuer.keys[-1].key_id, "RS256", stranger.private), 10)
    return [
        Flood("no flood", ()),
        Flood("10 000 forged tokens a second (RS256)", forged, target=Target(5)),
        Flood("10 000 of 64 KiB a second", (issuer.token() + "A" * 2**16,), 400, Target(5)),
        Flood("10 000 forged, a fifth of them with a kid that 5 keys share", forged + dear),
    ]


async def run_flood(flood: Flood, issuer: LocalIssuer, seconds: float) -> FloodResult:
    """Send *flood* to a guard, and among it new valid tokens of *issuer*."""
    good = iter([issuer.token("read") for _ in range(int(_GOOD * seconds) + 1)])
    requests_before = len(issuer.requests)
    async with Guard(RESOURCE, [JWTIssuer(issuer.issuer, http=issuer.http)]) as guard:
        app = OAuthGuardMiddleware(bare_app, guard)
        await status_of(app, next(good))
        async with lag() as ticks:
            responses = await asyncio.gather(
                _send(app, itertools.cycle(flood.tokens), _BAD, seconds),
                _send(app, good, _GOOD, seconds),
            )
    issuer_requests = len(issuer.requests) - requests_before
    at_most = _FETCHES + _FETCHES_FOR_FORGED
    if set(responses[0]) - {flood.status} or not _FETCHES <= issuer_requests <= at_most:
        raise RuntimeError(
            f"{flood.name}: {responses}, and the issuer got {issuer_requests} requests"
        )
    return FloodResult(statistics.quantiles(ticks, n=100)[-1], *responses)


@asynccontextmanager
async def lag() -> AsyncIterator[list[float]]:
    """Yield a list of how late a timer was each millisecond.

    The lag is limited to the time that this process was busy, to exclude other processes.
    """
    loop, late = asyncio.get_running_loop(), list[float]()
    due, was_busy, over = loop.time(), time.process_time(), False

    def tick() -> None:
        nonlocal due, was_busy
        now, busy = loop.time(), time.process_time()
        while due <= now:  # a missed tick was late, too
            late.append(min(now - due, busy - was_busy))
            due += _TICK
        was_busy = busy
        if not over:
            loop.call_at(due, tick)

    tick()
    try:
        yield late
    finally:
        over = True


async def _send(
    app: Application, tokens: Iterator[str], a_second: int, seconds: float
) -> Counter[int]:
    """Send *tokens* at the given rate, and count the statuses of the responses."""
    statuses = Counter[int]()

    async def send(token: str) -> None:
        statuses[await status_of(app, token)] += 1

    loop = asyncio.get_running_loop()
    began, sent = loop.time(), 0
    async with asyncio.TaskGroup() as group:
        while (passed := loop.time() - began) < seconds:
            due = min(int(passed * a_second) - sent, _IN_A_TURN)
            for token in itertools.islice(tokens, due):
                group.create_task(send(token))
            sent += due
            await asyncio.sleep(0 if due == _IN_A_TURN else _TICK)
    return statuses


def _signed_by(key: SigningKey, count: int) -> tuple[str, ...]:
    stranger = LocalIssuer(key=key)
    return tuple(stranger.token("read") for _ in range(count))


def _lag(courses: tuple[FloodResult, ...]) -> float:
    return statistics.median(course.lag for course in courses)
