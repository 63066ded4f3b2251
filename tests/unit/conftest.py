"""Real servers for the tests of stores: one for all, and one that a test may kill."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from tests.needs import REDIS_URL
from tests.unit.stores.server import ValkeyServer


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a server is that all tests share: the one that runs already, or one for the session."""
    if url := os.environ.get(REDIS_URL):
        yield url
        return
    server = ValkeyServer(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server.url
    server.kill()


@pytest.fixture
async def anybody(redis_url: str) -> AsyncIterator[Redis]:
    """Somebody who can read and write all that is on the server."""
    client = Redis.from_url(redis_url, protocol=2)
    yield client
    await client.aclose()


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """A server for one test alone, started."""
    server = ValkeyServer(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.kill()
