"""Valkey servers for tests of stores: one shared server, and one for each test that kills it."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from tests.builders.valkey_server import ValkeyServer
from tests.needs import REDIS_URL


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of the server that all tests share: a running one, or one for the session."""
    if url := os.environ.get(REDIS_URL):
        yield url
        return
    server = ValkeyServer(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server.url
    server.kill()


@pytest.fixture
async def raw_client(redis_url: str) -> AsyncIterator[Redis]:
    """Return a client that reads and writes the raw values on the shared server."""
    client = Redis.from_url(redis_url, protocol=2)
    yield client
    await client.aclose()


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """Start a server for one test."""
    server = ValkeyServer(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.kill()
