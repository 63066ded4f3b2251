"""The cost of further processes that share cached introspection results in a Valkey server."""

import asyncio
import multiprocessing
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, aclosing
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier

from redis import Redis

from oauth_guard.issuers.introspection_cache import IntrospectionCache
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.stores.redis import RedisStore
from tests.builders.scripted_issuer import ScriptedIssuer
from tests.builders.valkey_server import running_valkey
from tests.needs import PROGRAMS
from tests.tools.benchmarks.figures import Curve, Figure
from tests.tools.benchmarks.growth import shape_of

_KEY = b"what all of the workers know, 32"
# Ten tasks, each looking up two tokens in turn: an own cache of one entry never has a hit.
_TOKENS = [(f"token-{number}-a", f"token-{number}-b") for number in range(10)]
_TIMEOUT = 30
_PROCESSES = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Work:
    """The work of a process.

    Attributes:
        hits: The number of tokens it looked up.
        busy: Its processor time in seconds.
    """

    hits: int
    busy: float


def measure_workers(
    workers: tuple[int, ...] = (1, 2, 4), rounds: int = 3, seconds: float = 1
) -> list[Figure | Curve]:
    """Return the lookups of this many *workers* and their cost; nothing without a server."""
    if PROGRAMS["valkey-server"].find() is None:
        return []
    with ExitStack() as stack:
        url = stack.enter_context(running_valkey())
        asyncio.run(look_up(url, 0, introspections=sum(map(len, _TOKENS))))
        pools = {count: stack.enter_context(_pool(count)) for count in workers}
        works = [
            {count: _let_work(url, pool, count, seconds) for count, pool in pools.items()}
            for _ in range(rounds)
        ]
    rates = {n: statistics.median(each[n].hits / seconds for each in works) for n in workers}
    costs = {n: statistics.median(each[n].busy / each[n].hits for each in works) for n in workers}
    points = tuple((count, cost * 1e6) for count, cost in costs.items())
    return [
        *(Figure(f"hits in Valkey, workers: {count}", rates[count], "1/s") for count in workers),
        Curve("hit in Valkey, processor time", "workers", "µs", points, shape_of(points)),
    ]


async def look_up(url: str, seconds: float, *, introspections: int = 0) -> Work:
    """Look up each token at least once, for at least this many *seconds*.

    Raises:
        RuntimeError: The number of introspection requests was not *introspections*.
    """
    issuer = ScriptedIssuer(cache_for=3600)
    async with aclosing(RedisStore(url, key=_KEY, timeout=_TIMEOUT)) as store:
        validator = IntrospectionCache(issuer, store, max_entries=1)
        until, began = time.monotonic() + seconds, time.process_time()

        async def alternate(tokens: tuple[str, ...]) -> int:
            hits = 0
            while hits == 0 or time.monotonic() < until:
                for token in tokens:
                    await validator.validate(RawToken(token))
                hits += len(tokens)
            return hits

        hits = sum(await asyncio.gather(*map(alternate, _TOKENS)))
        busy = time.process_time() - began
    if issuer.calls != introspections:
        raise RuntimeError(f"the issuer got {issuer.calls} requests, not {introspections}")
    return Work(hits, busy)


def _let_work(url: str, pool: ProcessPoolExecutor, count: int, seconds: float) -> Work:
    with Redis.from_url(url) as client:
        client.config_resetstat()
        working = [pool.submit(_work, url, seconds) for _ in range(count)]
        works = [each.result(_TIMEOUT) for each in working]
        found = client.info("stats")["keyspace_hits"] / 2  # each look-up reads value and lifetime
    done = Work(sum(each.hits for each in works), sum(each.busy for each in works))
    if found != done.hits:
        raise RuntimeError(f"Valkey had {found} hits, not {done.hits}")
    return done


def _pool(count: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(count, _PROCESSES, _meet, (_PROCESSES.Barrier(count),))


def _meet(meeting: Barrier) -> None:
    """Wait until all processes have started."""
    meeting.wait(_TIMEOUT)


def _work(url: str, seconds: float) -> Work:
    return asyncio.run(look_up(url, seconds))
