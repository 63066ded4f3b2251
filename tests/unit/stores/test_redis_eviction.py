"""evicts_keys: the policy of the server, and what counts where it can't be read."""

import logging

import pytest
from redis.asyncio import Redis

from oauth_guard.errors import StoreUnavailable
from oauth_guard.stores.redis_eviction import evicts_keys
from oauth_guard.stores.redis_server import RedisServer
from tests.builders.valkey_server import ValkeyServer


def _server(url: str) -> RedisServer:
    return RedisServer(url, prefix="", timeout=2, monotonic=lambda: 0)


@pytest.mark.needs("valkey-server")
async def test_every_other_policy_than_noeviction_evicts(
    server: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that refuses INFO counts as one that evicts nothing, with a warning."""
    checked = _server(server.url)
    async with Redis.from_url(server.url, protocol=2) as client:
        for policy, evicts in (("noeviction", False), ("volatile-ttl", True)):
            await client.config_set("maxmemory-policy", policy)
            assert await evicts_keys(checked, "store") is evicts
        await client.acl_setuser("default", enabled=True, nopass=True, commands=["-info"])
        with caplog.at_level(logging.WARNING, "oauth_guard"):
            assert not await evicts_keys(checked, "store")
    assert "the eviction policy of the store can't be read: INFO is refused" in caplog.messages
    await checked.aclose()


async def test_server_that_cannot_be_reached_has_no_policy() -> None:
    """Whether it evicts can't be known."""
    checked = _server("redis://127.0.0.1:1")
    with pytest.raises(StoreUnavailable):
        await evicts_keys(checked, "store")
    await checked.aclose()
