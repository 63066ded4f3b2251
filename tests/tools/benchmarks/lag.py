"""How long a flood of bad tokens keeps the event loop from what else it has to do."""

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
_IN_A_TURN = 20  # connections: each brings one request at a time, whatever is due
_FETCHES = 2  # the metadata and the keys


@dataclass(frozen=True)
class Flood:
    """Bad tokens that come fast.

    Attributes:
        name: What they are.
        tokens: Some of them, sent over and over, since nothing refused is remembered.
        status: What each must be answered with.
        target: How many milliseconds of lag are promised, in 99 of 100 ticks.
    """

    name: str
    tokens: tuple[str, ...]
    status: int = 401
    target: Target | None = None


@dataclass(frozen=True)
class Course:
    """How a flood went.

    Attributes:
        lag: Of a hundred ticks, how late the latest but one was, in seconds.
        bad: The answers to bad tokens.
        good: The answers to the good ones among them.
    """

    lag: float
    bad: Counter[int]
    good: Counter[int]


async def measure_lag(rounds: int = 5, seconds: float = 1) -> list[Figure]:
    """Return the lag in each flood, and how many good tokens were served meanwhile."""
    issuer = LocalIssuer(key=SigningKey("k1", "RS256"))
    issuer.keys.extend(SigningKey("shared", "RS256") for _ in range(5))
    floods = floods_for(issuer)
    courses = [[await endure(flood, issuer, seconds) for flood in floods] for _ in range(rounds)]
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
        Figure("bad tokens that came", pace, "1/s"),
        Figure("good tokens served meanwhile", 100 * good[200] / good.total(), "%", all_of_them),
    ]


def floods_for(issuer: LocalIssuer) -> list[Flood]:
    """Return what *issuer* has to endure, the first time nothing."""
    stranger = SigningKey(issuer.keys[0].key_id, "RS256")
    forged = _signed_by(stranger, 40)
    # Nobody knows which of the keys that have its name it was not made by, so each is tried.
    dear = _signed_by(SigningKey(issuer.keys[-1].key_id, "RS256", stranger.private), 10)
    return [
        Flood("no flood", ()),
        Flood("10 000 forged tokens a second (RS256)", forged, target=Target(5)),
        Flood("10 000 of 64 KiB a second", (issuer.token() + "A" * 2**16,), 400, Target(5)),
        Flood("10 000 forged, each fifth by a name that 5 keys share", forged + dear),
    ]


async def endure(flood: Flood, issuer: LocalIssuer, seconds: float) -> Course:
    """Let *flood* come over a guard, and among it good tokens of *issuer*, each one new."""
    good = iter([issuer.token("read") for _ in range(int(_GOOD * seconds) + 1)])
    asked_before = len(issuer.requests)
    async with Guard(RESOURCE, [JWTIssuer(issuer.issuer, http=issuer.http)]) as guard:
        app = OAuthGuardMiddleware(bare_app, guard)
        await status_of(app, next(good))
        async with lag() as ticks:
            answers = await asyncio.gather(
                _send(app, itertools.cycle(flood.tokens), _BAD, seconds),
                _send(app, good, _GOOD, seconds),
            )
    asked = len(issuer.requests) - asked_before
    if set(answers[0]) - {flood.status} or asked != _FETCHES:
        raise RuntimeError(f"{flood.name}: {answers}, and the issuer was asked {asked} times")
    return Course(statistics.quantiles(ticks, n=100)[-1], *answers)


@asynccontextmanager
async def lag() -> AsyncIterator[list[float]]:
    """Give by how much a timer was late, each time that it was due: each millisecond.

    As much of that as this process was busy, since what others on the machine do is not ours.
    """
    loop, late = asyncio.get_running_loop(), list[float]()
    due, was_busy, over = loop.time(), time.process_time(), False

    def tick() -> None:
        nonlocal due, was_busy
        now, busy = loop.time(), time.process_time()
        while due <= now:  # what was missed was late, too
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
    """Send as many *tokens* as are due by then, again and again, and count the answers."""
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


def _lag(courses: tuple[Course, ...]) -> float:
    return statistics.median(course.lag for course in courses)
