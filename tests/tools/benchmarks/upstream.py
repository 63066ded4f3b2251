"""How often processes that share a Valkey server introspect a token that they meet together."""

import asyncio
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import aclosing
from multiprocessing.synchronize import Barrier

from oauth_guard.issuers.introspection_cache import IntrospectionCache
from oauth_guard.protocol.access_token import Validation
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.stores.redis import RedisStore
from tests.builders.scripted_issuer import ScriptedIssuer
from tests.builders.valkey_server import running_valkey
from tests.needs import PROGRAMS
from tests.tools.benchmarks.figures import Figure, Target

_KEY = b"what all of the workers know, 32"
_TIMEOUT = 60
_ISSUER_SECONDS = 0.02
_PROCESSES = multiprocessing.get_context("spawn")
_AT_MOST = {2: 1.1, 4: 1.2}

_meeting: Barrier


class _SlowIssuer(ScriptedIssuer):
    """An issuer that responds after 20 ms, so that other workers meet the token meanwhile."""

    async def validate(self, token: RawToken, *, introspect: bool = False) -> Validation:
        await asyncio.sleep(_ISSUER_SECONDS)
        return await super().validate(token, introspect=introspect)


def measure_upstream(workers: Sequence[int] = (2, 4), tokens: int = 40) -> Iterator[Figure]:
    """Yield the introspection requests for each token; nothing without a server."""
    if PROGRAMS["valkey-server"].find() is None:
        return
    with running_valkey() as url:
        for count in workers:
            barrier = _PROCESSES.Barrier(count)
            with ProcessPoolExecutor(count, _PROCESSES, _join, (barrier,)) as pool:
                names = [f"{count}-workers-{number}" for number in range(tokens)]
                working = [pool.submit(_work, url, names) for _ in range(count)]
                calls = sum(each.result(_TIMEOUT) for each in working)
            name = f"introspection requests for a token, workers that meet it together: {count}"
            yield Figure(name, calls / tokens, "calls", Target(_AT_MOST[count]))


def _join(barrier: Barrier) -> None:
    global _meeting  # noqa: PLW0603 - a barrier can only be passed when a process starts
    _meeting = barrier


def _work(url: str, tokens: Sequence[str]) -> int:
    return asyncio.run(_validate(url, tokens))


async def _validate(url: str, tokens: Sequence[str]) -> int:
    """Validate each of *tokens* together with the other workers; return the number of requests."""
    issuer = _SlowIssuer(cache_for=3600)
    async with aclosing(RedisStore(url, key=_KEY, timeout=_TIMEOUT)) as store:
        validator = IntrospectionCache(issuer, store)
        for token in tokens:
            _meeting.wait(_TIMEOUT)
            await validator.validate(RawToken(token))
    return issuer.calls
