"""What opaque tokens cost: how often the issuer is asked, and how long a hit and a miss take."""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2

from oauth_guard import ClientSecretBasic, Guard, IntrospectionIssuer, OAuthGuardMiddleware
from oauth_guard.interfaces import Issuer
from oauth_guard.issuers.aiohttp_client import AiohttpClient
from oauth_guard.issuers.http_client import HTTPClient
from oauth_guard.stores.redis import RedisStore
from oauth_guard.stores.tokens import CachedValidator
from tests.benchmarks.endpoint import Endpoint
from tests.benchmarks.measure import Row
from tests.benchmarks.request import status_of
from tests.benchmarks.rows import RESOURCE, bare_app, bare_row, row
from tests.needs import PROGRAMS
from tests.stores.server import ValkeyServer

_AT_ONCE = 50
_CALLS = 50


@dataclass(frozen=True)
class Count:
    """How often the issuer was asked by some requests.

    Attributes:
        name: What was asked for.
        requests: How many requests there were.
        status: What each must answer.
        expected: How often the issuer may be asked.
        calls: How often it was.
    """

    name: str
    requests: int
    status: int
    expected: int
    calls: int = 0

    @property
    def hit_ratio(self) -> float:
        """The part of the requests that cost the issuer nothing."""
        return 1 - self.calls / self.requests


@asynccontextmanager
async def guarded(issuer: Issuer) -> AsyncIterator[OAuthGuardMiddleware]:
    """Give an application behind a guard that asks *issuer*."""
    async with Guard(RESOURCE, [issuer]) as guard:
        yield OAuthGuardMiddleware(bare_app, guard)


def issuer_at(endpoint: Endpoint, http: HTTPClient | None = None) -> IntrospectionIssuer:
    """Return the issuer behind *endpoint*, asked by *http*, or by a client of its own."""
    return IntrospectionIssuer(
        endpoint.origin,
        client=ClientSecretBasic("api", "secret"),
        endpoint=f"{endpoint.origin}/introspect",
        http=http,
    )


async def count_calls(endpoint: Endpoint) -> list[Count]:
    """Return how often the issuer is asked; more or less often than it must be is an error."""
    distinct = [f"distinct-{number}" for number in range(1000)]
    cases: Sequence[tuple[Count, list[str], int]] = [
        (Count("one new token, 200 requests at once", 200, 200, 1), ["one"] * 200, 200),
        (Count("1 000 new tokens", 1000, 200, 1000), distinct, _AT_ONCE),
        (Count("the same 1 000 again", 1000, 200, 0), distinct, _AT_ONCE),
        (Count("one bad token, 1 000 requests", 1000, 401, 1), ["bad"] * 1000, 1),
    ]
    async with guarded(issuer_at(endpoint)) as app:
        return [await _count(endpoint, app, *case) for case in cases]


async def _count(
    endpoint: Endpoint, app: OAuthGuardMiddleware, count: Count, tokens: list[str], at_once: int
) -> Count:
    before = await asyncio.to_thread(lambda: endpoint.calls)
    statuses: set[int] = set()
    for start in range(0, len(tokens), at_once):
        part = tokens[start : start + at_once]
        statuses.update(await asyncio.gather(*(status_of(app, token) for token in part)))
    calls = await asyncio.to_thread(lambda: endpoint.calls) - before
    if statuses != {count.status} or calls != count.expected:
        raise RuntimeError(
            f"{count.name}: {calls} calls and {statuses}, not {count.expected} and {count.status}"
        )
    return Count(count.name, count.requests, count.status, count.expected, calls)


@asynccontextmanager
async def opaque_rows(endpoint: Endpoint) -> AsyncIterator[list[Row]]:
    """Give the rows of the table; the one of Valkey only where there is one."""
    async with AsyncExitStack() as stack:

        async def open_row(
            name: str, issuer: Issuer, tokens: Callable[[], Iterator[str]], calls: int = _CALLS
        ) -> Row:
            app = await stack.enter_async_context(guarded(issuer))
            return row(name, app, tokens(), calls=calls)

        rows = [
            bare_row(),
            await open_row("hit in this process", issuer_at(endpoint), _same, 200),
        ]
        if PROGRAMS["valkey-server"].find():
            url = stack.enter_context(_valkey())
            store = RedisStore(url, key=secrets.token_bytes(32))
            stack.push_async_callback(store.aclose)
            # It remembers one token by itself, so that of two in turn each is a hit in Valkey.
            issuer = CachedValidator(issuer_at(endpoint), store, max_entries=1)
            rows.append(await open_row("hit in Valkey", issuer, _two_in_turn))
        clients = {
            "httpx": None,
            "httpx2": httpx2.AsyncClient(timeout=None),  # the guard bounds the time
            "aiohttp": AiohttpClient(),
        }
        for name, http in clients.items():
            if http is not None:
                stack.push_async_callback(http.aclose)
            issuer_by = issuer_at(endpoint, http)
            rows.append(await open_row(f"miss, asked by {name}", issuer_by, _new))
        yield rows


def _same() -> Iterator[str]:
    return itertools.repeat("seen")


def _two_in_turn() -> Iterator[str]:
    return itertools.cycle(["first", "second"])


def _new() -> Iterator[str]:
    return (f"new-{number}" for number in itertools.count())


@contextmanager
def _valkey() -> Iterator[str]:
    with TemporaryDirectory() as folder:
        server = ValkeyServer(Path(folder))
        server.start()
        try:
            yield server.url
        finally:
            server.kill()
