"""An authorization server, a Valkey, and two processes of one service."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import pytest
from redis.asyncio import Redis

from tests.robustness.processes.service import Authority, GuardProcess
from tests.unit.stores.server import ValkeyServer


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    """Run an authorization server."""
    with Authority.running() as authority:
        yield authority


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """Run a Valkey that a test may kill."""
    server = ValkeyServer(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def processes(
    authority: Authority, valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[GuardProcess]]:
    """Run two processes that share what they know."""
    logs = tmp_path_factory.mktemp("logs")
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                GuardProcess.running(authority.local.issuer, valkey.url, logs / f"{number}")
            )
            for number in range(2)
        ]


@pytest.fixture
async def anybody(valkey: ValkeyServer) -> AsyncIterator[Redis]:
    """Somebody who can read and write all that is on the server."""
    client = Redis.from_url(valkey.url, protocol=2)
    yield client
    await client.aclose()


@pytest.fixture
async def service(
    authority: Authority, processes: list[GuardProcess], anybody: Redis
) -> AsyncIterator[list[GuardProcess]]:
    """Both of them, with nothing shared yet and no question asked."""
    await anybody.flushdb()
    authority.local.introspection.requests.clear()
    for process in processes:
        process.begin()
    yield processes
    for process in processes:
        await process.aclose()
