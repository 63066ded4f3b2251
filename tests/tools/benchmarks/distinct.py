"""1,000 distinct opaque tokens: what the guard adds to the client that introspects them."""

import asyncio
import itertools
import json
import random
import statistics
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

import aiohttp
import httpx

from oauth_guard import OAuthGuardMiddleware
from oauth_guard.http.aiohttp_client import AiohttpClient
from tests.tools.benchmarks.endpoint import FAR, Endpoint
from tests.tools.benchmarks.figures import Figure, Target
from tests.tools.benchmarks.guarded import guarded, issuer_at
from tests.tools.benchmarks.request import status_of

_TOKENS = 1000
_BATCHES = 10
_AT_MOST = {("near", "aiohttp"): Target(40)}
_AT_ONCE = 20  # the connections that httpx keeps open by default
_FORM_FIELDS = {
    "accept": "application/json",
    "accept-encoding": "identity",
    "authorization": f"Basic {b64encode(b'api:secret').decode()}",
    "content-type": "application/x-www-form-urlencoded",
    "user-agent": "oauth_guard",
}
_OK = 200
_NUMBERS = itertools.count()

Introspect = Callable[[str], Awaitable[None]]


@dataclass(frozen=True)
class Pair:
    """One client, used directly and through the guard."""

    bare: Introspect
    guarded: Introspect


async def measure_distinct(endpoint: Endpoint, rounds: int, tokens: int = _TOKENS) -> list[Figure]:
    """Return what the guard adds to each client, in processor time.

    The client alone and the guard take turns, in another order each time. An endpoint that
    takes 10 ms lets connections wait, as on a network.
    """
    figures: list[Figure] = []
    batch = max(1, tokens // _BATCHES)
    async with _pairs(endpoint) as pairs:
        for prefix, where in (("near", "immediate responses"), (FAR, "responses after 10 ms")):
            for client, pair in pairs.items():
                times = [await _times(pair, prefix, batch) for _ in range(rounds * _BATCHES)]
                name = f"{tokens} new tokens, {where}, through {client}"
                part = statistics.median(bare / ours for bare, ours in times)
                added = statistics.median(ours - bare for bare, ours in times)
                figures += [
                    Figure(name, part, "× the bare client's rate"),
                    Figure(f"{name}: added", added, "µs", _AT_MOST.get((prefix, client))),
                ]
    return figures


async def _times(pair: Pair, prefix: str, tokens: int) -> tuple[float, float]:
    """Return the µs for a token by the client alone and through the guard, in random order."""
    took = {}
    for introspect in random.sample((pair.bare, pair.guarded), 2):
        took[introspect] = await _time(introspect, prefix, tokens)
    return took[pair.bare], took[pair.guarded]


async def _time(introspect: Introspect, prefix: str, tokens: int) -> float:
    """Return the processor time for each of some tokens, several of them concurrent."""
    left = iter(range(tokens))

    async def work() -> None:
        for _ in left:
            await introspect(f"{prefix}-{next(_NUMBERS):012}")

    began = time.process_time()
    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    return (time.process_time() - began) / tokens * 1e6


@asynccontextmanager
async def _pairs(endpoint: Endpoint) -> AsyncIterator[Mapping[str, Pair]]:
    """Yield each client in both uses; used directly, it sends and reads what the guard's does."""
    url = f"{endpoint.origin}/introspect"
    async with AsyncExitStack() as stack:
        by_httpx = await stack.enter_async_context(httpx.AsyncClient(timeout=None))  # noqa: S113 - unbounded on purpose
        by_aiohttp = await stack.enter_async_context(
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        )
        fast = AiohttpClient()
        stack.push_async_callback(fast.aclose)

        async def introspect_by_httpx(token: str) -> None:
            response = await by_httpx.post(url, content=_form(token), headers=_FORM_FIELDS)
            _check(response.status_code, response.content)

        async def introspect_by_aiohttp(token: str) -> None:
            async with by_aiohttp.post(url, data=_form(token), headers=_FORM_FIELDS) as response:
                _check(response.status, await response.read())

        default_app = await stack.enter_async_context(guarded(issuer_at(endpoint)))
        fast_app = await stack.enter_async_context(guarded(issuer_at(endpoint, fast)))
        yield {
            "httpx": Pair(introspect_by_httpx, _through(default_app)),
            "aiohttp": Pair(introspect_by_aiohttp, _through(fast_app)),
        }


def _form(token: str) -> bytes:
    return urlencode({"token": token}).encode()


def _check(status: int, body: bytes) -> None:
    if status != _OK or json.loads(body)["active"] is not True:
        raise RuntimeError("the endpoint did not call the token active")


def _through(app: OAuthGuardMiddleware) -> Introspect:
    async def introspect(token: str) -> None:
        if (status := await status_of(app, token)) != _OK:
            raise RuntimeError(f"the guard did not let the token in: {status}")

    return introspect
