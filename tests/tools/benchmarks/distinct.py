"""1,000 distinct opaque tokens: how fast the guard and its client introspect them."""

import asyncio
import itertools
import json
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
    """Return the rates of the clients, and which share of them the guard reaches.

    An endpoint on this machine that responds immediately hides none of the guard's own work;
    with one that takes 10 ms, most of the time is spent waiting, as on a network.
    """
    figures: list[Figure] = []
    async with _pairs(endpoint) as pairs:
        for prefix, where in (("near", "immediate responses"), (FAR, "responses after 10 ms")):
            for client, pair in pairs.items():
                rates = [await _rates(pair, prefix, tokens) for _ in range(rounds)]
                name = f"{tokens} new tokens, {where}, through {client}"
                part = statistics.median(ours / bare for bare, ours in rates)
                figures += [
                    Figure(name, part, "× the bare client's rate", Target(0.9, at_least=True)),
                    Figure(name, statistics.median(ours for _, ours in rates), "1/s"),
                ]
    return figures


async def _rates(pair: Pair, prefix: str, tokens: int) -> tuple[float, float]:
    return await _rate(pair.bare, prefix, tokens), await _rate(pair.guarded, prefix, tokens)


async def _rate(introspect: Introspect, prefix: str, tokens: int) -> float:
    """Return how many tokens a second are introspected, this many concurrently."""
    left = iter(range(tokens))

    async def work() -> None:
        for _ in left:
            await introspect(f"{prefix}-{next(_NUMBERS):012}")

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    return tokens / (time.perf_counter() - began)


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
