"""An authorization server, a Valkey server, and two processes of one service."""

from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from tests.builders.valkey_server import ValkeyServer
from tests.robustness.multi_process.guard_process import GuardProcess
from tests.robustness.multi_process.introspection_server import IntrospectionServer


@pytest.fixture(scope="module")
def server() -> Iterator[IntrospectionServer]:
    """Run an authorization server."""
    with IntrospectionServer.running() as server:
        yield server


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """Run a Valkey server that a test may kill."""
    valkey = ValkeyServer(tmp_path_factory.mktemp("valkey"))
    valkey.start()
    yield valkey
    valkey.kill()


@pytest.fixture(scope="module")
def processes(
    server: IntrospectionServer, valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[GuardProcess]]:
    """Run two processes that share one store."""
    logs = tmp_path_factory.mktemp("logs")
    with GuardProcess.pair(server.local.issuer, valkey.url, logs) as pair:
        yield pair


@pytest.fixture
async def raw_client(valkey: ValkeyServer) -> AsyncIterator[Redis]:
    """Return a client that reads and writes the raw values on the Valkey server."""
    client = Redis.from_url(valkey.url, protocol=2)
    yield client
    await client.aclose()


@pytest.fixture
async def service(
    server: IntrospectionServer, processes: list[GuardProcess], raw_client: Redis
) -> AsyncIterator[list[GuardProcess]]:
    """Return both processes, with an empty store and no introspection counted."""
    await raw_client.flushdb()
    server.local.introspection.requests.clear()
    for process in processes:
        process.reset()
    yield processes
    for process in processes:
        await process.aclose()
