"""Opaque tokens: how often they are introspected, and how long a hit and a miss take."""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import httpx2
from redis.asyncio import Redis

from oauth_guard import OAuthGuardMiddleware
from oauth_guard.http.aiohttp_client import AiohttpClient
from oauth_guard.interfaces import Issuer
from oauth_guard.issuers.introspection_cache import IntrospectionCache
from oauth_guard.stores.redis import RedisStore
from tests.builders.valkey_server import running_valkey
from tests.needs import PROGRAMS
from tests.tools.benchmarks.distinct import measure_distinct
from tests.tools.benchmarks.endpoint import Endpoint, running_endpoint
from tests.tools.benchmarks.figures import Figure, Target
from tests.tools.benchmarks.guarded import guarded, issuer_at
from tests.tools.benchmarks.measure import Row, called, measure
from tests.tools.benchmarks.request import bearer, status_of
from tests.tools.benchmarks.rows import BARE, bare_row, row

_AT_ONCE = 50
_CALLS = 50
# A miss takes about a hundred times as long as a hit, and 8,000 of them about 20 s.
_FEWER, _FEWEST = 10, 60


_SHARED, _GET = "hit in Valkey", "redis-py's GET of a value as long"
_VALUE_BYTES = 390


@dataclass(frozen=True)
class Crowd:
    """Some requests, and how many introspection requests they may cause.

    Attributes:
        name: What they are.
        tokens: The token of each request.
        at_once: How many are concurrent.
        calls: The expected number of introspection requests.
        status: The expected status of each response.
    """

    name: str
    tokens: Sequence[str]
    at_once: int
    calls: int
    status: int = 200


_DISTINCT = [f"distinct-{number}" for number in range(1000)]
CROWDS = (
    Crowd("one new token, 200 requests at once", ["one"] * 200, at_once=200, calls=1),
    Crowd("1 000 new tokens", _DISTINCT, _AT_ONCE, calls=1000),
    Crowd("the same 1 000 again", _DISTINCT, _AT_ONCE, calls=0),
    Crowd("one bad token, 1 000 requests", ["bad"] * 1000, at_once=1, calls=1, status=401),
)


async def measure_opaque(rounds: int) -> list[Figure]:
    """Count the introspection requests, and time the requests that cause them."""
    with running_endpoint() as endpoint:
        counts = await count_calls(endpoint)
        times = await time_rows(endpoint, max(1, rounds // _FEWER))
        rates = await measure_distinct(endpoint, max(1, rounds // _FEWEST))
    return [*counts, *times, *rates]


async def time_rows(endpoint: Endpoint, rounds: int) -> list[Figure]:
    """Return what each row adds to the bare application, and how much of it is our own work."""
    before = await asyncio.to_thread(lambda: endpoint.calls)
    async with opaque_rows(endpoint) as rows:
        measured = await measure(rows, rounds)
    calls = await asyncio.to_thread(lambda: endpoint.calls) - before
    new = sum(called(row.calls, rounds) for row in rows if row.name.startswith("miss"))
    known = {"hit in this process": 1, _SHARED: 2}
    expected = new + sum(known.get(row.name, 0) for row in rows)
    if calls != expected:
        raise RuntimeError(f"the issuer got {calls} requests, not {expected}")
    clocks = {"added": measured.elapsed, "of that, busy": measured.busy}
    times = [
        Figure(f"{row.name}: {what}", timings.added(row.name, BARE), "µs")
        for row in rows
        if row.name != BARE
        for what, timings in clocks.items()
    ]
    if _GET in measured.elapsed.rounds[0]:
        part = measured.elapsed.added(_SHARED, BARE) / measured.elapsed.time(_GET)
        times.append(Figure(_SHARED, part, "× redis-py's GET", Target(1.4)))
    return times


async def count_calls(endpoint: Endpoint) -> list[Figure]:
    """Return the introspection requests of each crowd; raise if the number is not as expected."""
    async with guarded(issuer_at(endpoint)) as app:
        return [await _count(endpoint, app, crowd) for crowd in CROWDS]


async def _count(endpoint: Endpoint, app: OAuthGuardMiddleware, crowd: Crowd) -> Figure:
    before = await asyncio.to_thread(lambda: endpoint.calls)
    statuses: set[int] = set()
    for start in range(0, len(crowd.tokens), crowd.at_once):
        part = crowd.tokens[start : start + crowd.at_once]
        statuses.update(await asyncio.gather(*(status_of(app, token) for token in part)))
    calls = await asyncio.to_thread(lambda: endpoint.calls) - before
    if statuses != {crowd.status} or calls != crowd.calls:
        raise RuntimeError(
            f"{crowd.name}: {calls} calls and {statuses}, not {crowd.calls} and {crowd.status}"
        )
    return Figure(crowd.name, calls, "calls", Target(crowd.calls, counted=True))


@asynccontextmanager
async def opaque_rows(endpoint: Endpoint) -> AsyncIterator[list[Row]]:
    """Yield the rows of the table; the row of Valkey only if there is a server."""
    async with AsyncExitStack() as stack:

        async def open_row(
            name: str, issuer: Issuer, tokens: Callable[[], Iterator[str]], calls: int = _CALLS
        ) -> Row:
            app = await stack.enter_async_context(guarded(issuer))
            return row(name, app, map(bearer, tokens()), calls=calls)

        rows = [
            bare_row(),
            await open_row("hit in this process", issuer_at(endpoint), _same, 200),
        ]
        if PROGRAMS["valkey-server"].find():
            url = stack.enter_context(running_valkey())
            store = RedisStore(url, key=secrets.token_bytes(32))
            stack.push_async_callback(store.aclose)
            # Its own cache holds one token, so that of two in turn each is a hit in Valkey.
            issuer = IntrospectionCache(issuer_at(endpoint), store, max_entries=1)
            rows.append(await open_row(_SHARED, issuer, _two_in_turn))
            client = await stack.enter_async_context(Redis.from_url(url))
            await client.set("value", b"x" * _VALUE_BYTES)
            rows.append(Row(_GET, _CALLS, partial(_get, client)))
        clients = {
            "httpx": None,
            "httpx2": httpx2.AsyncClient(timeout=None),  # the guard bounds the time
            "aiohttp": AiohttpClient(),
        }
        for name, http in clients.items():
            if http is not None:
                stack.push_async_callback(http.aclose)
            issuer_by = issuer_at(endpoint, http)
            rows.append(await open_row(f"miss through {name}", issuer_by, _new))
        yield rows


async def _get(client: Redis) -> None:
    if await client.get("value") is None:
        raise RuntimeError("the value is not there")


def _same() -> Iterator[str]:
    return itertools.repeat("seen")


def _two_in_turn() -> Iterator[str]:
    return itertools.cycle(["first", "second"])


def _new() -> Iterator[str]:
    return (f"new-{number}" for number in itertools.count())
