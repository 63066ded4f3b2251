"""Claims on a server: a lost reply is no earlier claim, and a server that evicts is refused."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from oauth_guard.errors import ConfigurationError, StoreUnavailable
from oauth_guard.stores.redis_once import RedisOnce
from oauth_guard.stores.replays import Claim, ProofReplays
from tests.builders.clock import FakeClock
from tests.builders.valkey_server import ValkeyServer

KEY, OTHER = bytes(range(32)), bytes(32)
NOWHERE = "redis://127.0.0.1:1"

needs_redis = pytest.mark.needs("redis")
needs_server = pytest.mark.needs("valkey-server")


async def is_unavailable(once: RedisOnce, key: bytes = KEY) -> bool:
    """Return whether a claim is refused since the store is unavailable."""
    try:
        await once.claim(key, 60)
    except StoreUnavailable:
        return True
    return False


def test_url_that_cant_be_read_is_refused() -> None:
    """As for `RedisStore`, and without a password in the text."""
    with pytest.raises(ConfigurationError, match="server=") as refusal:
        RedisOnce("https://:secret@localhost")
    assert "secret" not in str(refusal.value)


@needs_redis
@pytest.mark.parametrize("decodes", [False, True])
async def test_claim_is_one_key_with_an_end(
    raw_client: Redis, redis_url: str, decodes: bool
) -> None:
    """Under the prefix; a client of the caller stays open."""
    prefix = f"test:{uuid.uuid4()}:"
    async with Redis.from_url(redis_url, decode_responses=decodes, protocol=2) as client:
        once = RedisOnce(client, prefix=prefix, timeout=2)
        assert [await once.claim(KEY, 60) for _ in range(2)] == [True, False]
        await once.aclose()
        assert await client.ping()
    assert [key async for key in raw_client.scan_iter(f"{prefix}*")] == [
        (prefix + KEY.hex()).encode()
    ]
    assert 59_000 < await raw_client.pttl(prefix + KEY.hex()) <= 60_000


class LosingProxy:
    """Passes bytes to a server, and can close a connection in the place of a reply to SET."""

    def __init__(self, port: int) -> None:
        self.url = ""
        self.lost = 0
        self.lose_next = False
        self._port = port
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._port)
        while asked := await reader.read(65536):
            server_writer.write(asked)
            reply = await server_reader.read(65536)
            if self.lose_next and b"\r\nSET\r\n" in asked:
                self.lose_next = False
                self.lost += 1
                break
            writer.write(reply)
        server_writer.close()
        writer.close()


@pytest.fixture
async def proxy(server: ValkeyServer) -> AsyncIterator[LosingProxy]:
    """A proxy before the server of the test."""
    proxy = LosingProxy(server.port)
    listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"redis://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    yield proxy
    listener.close()


@needs_server
@pytest.mark.parametrize("client", ["ours", "bytes", "text"])
async def test_lost_reply_is_no_earlier_claim(proxy: LosingProxy, client: str) -> None:
    """The server executed the command, and the second attempt of the client finds its own nonce."""
    own = Redis.from_url(
        proxy.url, decode_responses=client == "text", protocol=2, retry=Retry(NoBackoff(), 1)
    )
    once = RedisOnce(proxy.url if client == "ours" else own, timeout=2)
    await once.load()
    proxy.lose_next = True
    assert await once.claim(KEY, 60)
    assert proxy.lost == 1
    assert not await once.claim(KEY, 60)
    await once.aclose()
    await own.aclose()


@needs_server
async def test_of_a_hundred_copies_in_two_processes_one_is_accepted(server: ValkeyServer) -> None:
    """Each process has its own connections and its own memory."""
    stores = [RedisOnce(server.url, timeout=5) for _ in range(2)]
    processes = [ProofReplays(each) for each in stores]
    claims = (processes[each % 2].claim("k", "1", 60) for each in range(100))
    assert (await asyncio.gather(*claims)).count(Claim.FIRST) == 1
    for each in processes:
        await each.aclose()


# ── eviction ─────────────────────────────────────────────────────────────────────────────────


@needs_server
@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-lru", "volatile-ttl", "allkeys-lfu"])
async def test_server_that_evicts_is_refused(server: ValkeyServer, policy: str) -> None:
    """At start by a sentence; and without a start no claim is accepted."""
    async with Redis.from_url(server.url, protocol=2) as client:
        await client.config_set("maxmemory-policy", policy)
    loaded, used = RedisOnce(server.url, timeout=2), RedisOnce(server.url, timeout=2)
    with pytest.raises(ConfigurationError, match="noeviction"):
        await loaded.load()
    assert await is_unavailable(loaded)
    assert await is_unavailable(used)
    await loaded.aclose()
    await used.aclose()


@needs_server
async def test_server_that_refuses_info_is_used_and_the_log_says_so(
    server: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    """An access rule may allow two commands and no more."""
    async with Redis.from_url(server.url, protocol=2) as client:
        await client.acl_setuser(
            "app", enabled=True, passwords="+p", keys=["oauth_guard:*"], commands=["+get", "+set"]
        )
    once = RedisOnce(server.url.replace("//", "//app:p@"), timeout=2)
    await once.load()
    assert "INFO is refused" in caplog.text
    assert [await once.claim(KEY, 60) for _ in range(2)] == [True, False]
    await once.aclose()


class ClusterClient:
    """A client whose `info` replies by node, as redis-py's does for a cluster of several."""

    def __init__(self, *policies: str) -> None:
        self.policies = policies

    def get_primaries(self) -> list[str]:
        """Return the names of the nodes, as a sign that this is a cluster."""
        return [str(number) for number, _ in enumerate(self.policies)]

    async def info(self, _: str, *, target_nodes: str) -> dict[str, dict[str, str]]:
        """Return one section for each node."""
        assert target_nodes == "primaries"
        policies = zip(self.get_primaries(), self.policies, strict=True)
        return {node: {"maxmemory_policy": policy} for node, policy in policies}


@pytest.mark.parametrize("policies", [("noeviction",) * 3, ("noeviction", "allkeys-lru")])
async def test_each_primary_of_a_cluster_is_checked(policies: tuple[str, ...]) -> None:
    """One that evicts is one too many."""
    once = RedisOnce(ClusterClient(*policies), timeout=2)  # type: ignore[arg-type] # stands in
    if "allkeys-lru" in policies:
        with pytest.raises(ConfigurationError, match="noeviction"):
            await once.load()
    else:
        await once.load()


# ── trouble ──────────────────────────────────────────────────────────────────────────────────


async def test_server_that_is_not_there_refuses_claims_and_not_the_start() -> None:
    """The service starts, and accepts no proof until the server is there."""
    once = RedisOnce(NOWHERE, timeout=2, monotonic=FakeClock())
    await once.load()
    assert await is_unavailable(once)
    await once.aclose()


@needs_server
async def test_claims_are_accepted_when_the_server_is_back(server: ValkeyServer) -> None:
    """Killed and started again; meanwhile each claim is refused."""
    clock = FakeClock()
    once = RedisOnce(server.url, timeout=2, monotonic=clock)
    assert not await is_unavailable(once)
    server.kill()
    assert await is_unavailable(once, OTHER)
    await server.restart()
    clock.now += 1
    assert await once.claim(OTHER, 60)
    await once.aclose()


@needs_server
async def test_server_that_refuses_writes_refuses_claims(server: ValkeyServer) -> None:
    """Full, or a replica."""
    once = RedisOnce(server.url, timeout=2)
    async with Redis.from_url(server.url, protocol=2) as client:
        await client.config_set("maxmemory", 1)
        assert await is_unavailable(once)
        await client.config_set("maxmemory", 0)
        await client.replicaof("127.0.0.1", "1")
        assert await is_unavailable(once)
        await client.replicaof("NO", "ONE")
    assert await once.claim(KEY, 60)
    await once.aclose()
