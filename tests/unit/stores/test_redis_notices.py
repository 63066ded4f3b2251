"""RedisNotices: each process gets each notice, and nothing that is removed there ends one here."""

import asyncio
import uuid

import pytest
from redis.asyncio import Redis

from oauth_guard.deny_list import DenyList
from oauth_guard.errors import ConfigurationError, StoreUnavailable
from oauth_guard.interfaces import Notice
from oauth_guard.stores.redis_notices import RedisNotices
from tests.acceptance.standards.api import ISSUER, Api
from tests.acceptance.standards.outcome import expect
from tests.builders.valkey_server import ValkeyServer

NOWHERE = "redis://127.0.0.1:1"
NOTICES = [Notice(5, 7, 100.0), Notice((1 << 60) - 1, (1 << 32) - 1, 86_400.0)]

needs_redis = pytest.mark.needs("redis")
needs_server = pytest.mark.needs("valkey-server")


@pytest.fixture
def stream() -> str:
    """Return the name of a stream of its own."""
    return f"test:{uuid.uuid4()}"


async def _all(notices: RedisNotices, position: str | None = None) -> tuple[list[Notice], str]:
    """Read from *position* to the end."""
    found: list[Notice] = []
    while True:
        batch = await notices.read(position)
        found += batch.notices
        position = batch.position
        if batch.is_complete:
            return found, position or ""


@needs_redis
@pytest.mark.parametrize("decodes", [False, True])
async def test_notices_are_read_once_each(redis_url: str, stream: str, decodes: bool) -> None:
    """Whatever the client of the caller decodes; the client stays open."""
    async with Redis.from_url(redis_url, decode_responses=decodes, protocol=2) as client:
        notices = RedisNotices(client, stream=stream, timeout=2)
        assert await _all(notices) == ([], "")
        await notices.publish(NOTICES)
        found, position = await _all(notices)
        assert [(each.key, each.cut_off) for each in found] == [(5, 7), NOTICES[1][:2]]
        assert [99 < each.seconds <= 101 for each in found] == [True, False]
        assert await _all(notices, position) == ([], position)
        await notices.publish(NOTICES[:1])
        again, _ = await _all(notices, position)
        assert [each.key for each in again] == [5]
        await notices.publish([])
        await notices.aclose()
        assert await client.ping()


@needs_redis
async def test_more_notices_than_a_page_are_read(redis_url: str, stream: str) -> None:
    """In order, without gaps."""
    notices = RedisNotices(redis_url, stream=stream, timeout=5)
    await notices.publish([Notice(number, 0, 100) for number in range(2500)])
    found, _ = await _all(notices)
    assert [each.key for each in found] == list(range(2500))
    await notices.aclose()


@needs_redis
async def test_stream_that_lost_its_entries_is_read_from_the_beginning(
    redis_url: str, raw_client: Redis, stream: str
) -> None:
    """After a flush or a failover; what a process knew before is kept by the deny-list."""
    notices = RedisNotices(redis_url, stream=stream, timeout=2)
    await notices.publish(NOTICES)
    _, position = await _all(notices)
    await raw_client.delete(stream)
    await notices.publish([Notice(9, 7, 100)])
    found, _ = await _all(notices, position)
    assert [each.key for each in found] == [9]
    await notices.aclose()


@needs_redis
async def test_notices_that_have_ended_are_trimmed_and_not_returned(
    redis_url: str, raw_client: Redis, stream: str
) -> None:
    """The server's clock decides; a notice becomes shorter while it waits."""
    await raw_client.xadd(stream, {"n": "1.7.50"}, id="1000-0")
    await raw_client.xadd(stream, {"n": "2.7.50"}, id="40000-0")
    await raw_client.xadd(stream, {"n": "3.7.50"}, id="61000-0")
    notices = RedisNotices(redis_url, stream=stream, timeout=2)
    found, _ = await _all(notices)
    assert found == [Notice(2, 7, 29), Notice(3, 7, 50)]
    await notices.publish(NOTICES)
    await raw_client.xtrim(stream, minid=62_000, approximate=False)
    assert await raw_client.xlen(stream) == 2
    await notices.aclose()


@needs_redis
@pytest.mark.parametrize("text", ["", "x", "1.2", "1.2.3.4", f"{1 << 60:x}.1.1"])
async def test_unreadable_entry_makes_the_store_unavailable(
    redis_url: str, raw_client: Redis, stream: str, text: str
) -> None:
    """It may be a revocation that another version has written."""
    await raw_client.xadd(stream, {"n": text})
    notices = RedisNotices(redis_url, stream=stream, timeout=2)
    with pytest.raises(StoreUnavailable):
        await notices.read(None)
    await notices.aclose()


class _StrangeClient:
    """A client whose replies have identifiers of another form."""

    async def xrange(self, *_: object, **__: object) -> list[object]:
        """Return one entry."""
        return [("first", {"n": "1.2.3"})]


async def test_malformed_identifier_makes_the_store_unavailable() -> None:
    """It says when the entry was added."""
    notices = RedisNotices(_StrangeClient())  # type: ignore[arg-type] # as far as it is used
    with pytest.raises(StoreUnavailable):
        await notices.read(None)


async def test_server_that_cannot_be_reached_raises_and_stops_no_start() -> None:
    """The deny-list rejects tokens with 503 until it can be read."""
    notices = RedisNotices(NOWHERE)
    await notices.load()
    with pytest.raises(StoreUnavailable):
        await notices.publish(NOTICES)
    with pytest.raises(StoreUnavailable):
        await notices.read(None)
    await notices.aclose()


@needs_server
async def test_server_that_evicts_is_refused_at_start(server: ValkeyServer) -> None:
    """The tokens of an evicted entry would be accepted again."""
    async with Redis.from_url(server.url, protocol=2) as client:
        await client.config_set("maxmemory-policy", "allkeys-lru")
    notices = RedisNotices(server.url, timeout=2)
    with pytest.raises(ConfigurationError, match="noeviction"):
        await notices.load()
    await notices.aclose()


@needs_server
async def test_revocation_is_in_force_in_two_processes_through_a_restart(
    server: ValkeyServer,
) -> None:
    """A flushed server accepts nothing again in a process that knew."""
    apis = [Api(guard={"deny_list": DenyList(RedisNotices(server.url))}) for _ in range(2)]
    first, second = apis
    token = first.token(sid="s1")
    async with first.guard, second.guard:
        expect(await second.get("/r", token), "200")
        await first.guard.revoke(ISSUER, sid="s1")
        await asyncio.sleep(0.9)
        expect(await second.get("/r", token), "401 invalid_token")
        server.kill()
        server.start()
        await asyncio.sleep(1.5)
        expect(await second.get("/r", token), "401 invalid_token")
        other = first.token(sid="s2")
        await first.guard.revoke(ISSUER, sid="s2")
        await asyncio.sleep(1.9)
        expect(await second.get("/r", other), "401 invalid_token")
