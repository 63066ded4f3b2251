"""RedisServer: time limits, back-off per node, and claims whose reply is lost."""

import asyncio
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from redis.asyncio import Redis, RedisCluster

from oauth_guard.errors import StoreUnavailable
from oauth_guard.stores.redis import RedisStore
from oauth_guard.stores.redis_server import RedisServer
from tests.builders.clock import FakeClock
from tests.builders.valkey_cluster import ValkeyCluster
from tests.builders.valkey_server import ValkeyServer
from tests.unit.stores.scenes import (
    KEY,
    OTHER,
    SECRET,
    UNAVAILABLE,
    FixedReplies,
    SilentServer,
    is_unavailable,
    listening,
    read,
)

needs_redis = pytest.mark.needs("redis")
needs_server = pytest.mark.needs("valkey-server")


@pytest.fixture
async def silent() -> AsyncIterator[SilentServer]:
    """Run a server that never responds."""
    async with SilentServer.running() as silent:
        yield silent


# ── time limits and back-off ─────────────────────────────────────────────────────────────────


async def test_silent_server_costs_one_timeout(silent: SilentServer) -> None:
    """Commands that wait for a slot fail together, and later ones do not try."""
    store = RedisStore(silent.url, key=SECRET, timeout=0.05, monotonic=FakeClock())
    assert all(await asyncio.gather(*(is_unavailable(store) for _ in range(500))))
    assert all([await is_unavailable(store) for _ in range(200)])
    assert len(silent.connections) <= 16
    await store.aclose()


async def test_timeout_applies_while_a_connection_is_opened(silent: SilentServer) -> None:
    """redis-py waits at several points while it connects; the limit applies at each."""
    for step in range(200):
        store = RedisStore(silent.url, key=SECRET, timeout=step / 50_000)
        async with asyncio.timeout(5):  # a call without its time limit would take longer
            assert await is_unavailable(store)
        await store.aclose()


async def test_one_command_is_tried_after_the_back_off(silent: SilentServer) -> None:
    """That one waits for the server; the others fail without waiting."""
    clock = FakeClock()
    store = RedisStore(silent.url, key=SECRET, timeout=0.2, monotonic=clock)
    assert await is_unavailable(store)
    assert len(silent.connections) == 1
    clock.now += 1
    assert all(await asyncio.gather(*(is_unavailable(store) for _ in range(20))))
    assert len(silent.connections) == 2
    await store.aclose()


async def test_timeout_while_waiting_for_a_slot_starts_no_back_off() -> None:
    """The command fails; the server does respond, so the next command is sent."""
    async with listening(FixedReplies(b":-2\r\n$-1\r\n", 0.2).serve) as url:
        store = RedisStore(url, key=SECRET, timeout=1, monotonic=FakeClock())
        outcomes = await asyncio.gather(*(is_unavailable(store) for _ in range(400)))
        assert outcomes[:16] == [False] * 16
        assert outcomes[-16:] == [True] * 16
        assert not await is_unavailable(store)
        await store.aclose()


@needs_redis
@pytest.mark.parametrize("stalls", [1, 3])
@pytest.mark.parametrize("connected", [True, False])
async def test_blocked_event_loop_is_not_the_silence_of_the_server(
    redis_url: str, stalls: int, connected: bool
) -> None:
    """Commands that are in progress succeed when the loop runs again, and later ones are sent."""
    store = RedisStore(redis_url, key=SECRET, timeout=0.25)
    if connected:
        assert not await is_unavailable(store)
    commands = [asyncio.create_task(is_unavailable(store)) for _ in range(20)]
    await asyncio.sleep(0)
    for _ in range(stalls):
        time.sleep(0.3)  # noqa: ASYNC251 - the loop is blocked on purpose
        await asyncio.sleep(0)
    assert not any(await asyncio.gather(*commands))
    assert not await is_unavailable(store)
    await store.aclose()


async def test_silent_server_is_noticed_by_a_blocked_event_loop(silent: SilentServer) -> None:
    """One blocked period counts as a fifth of the limit at most, and the rest is waited for."""
    store = RedisStore(silent.url, key=SECRET, timeout=0.25, monotonic=FakeClock())
    command = asyncio.create_task(is_unavailable(store))
    await asyncio.sleep(0.01)
    time.sleep(0.3)  # noqa: ASYNC251 - the loop is blocked on purpose
    assert await command
    assert await is_unavailable(store)
    assert len(silent.connections) == 1
    await store.aclose()


@needs_redis
async def test_error_response_of_the_server_starts_no_back_off(
    server: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A key that holds a list can't be read; other keys can."""
    store = RedisStore(server.url, key=SECRET, timeout=2)
    async with Redis.from_url(server.url, protocol=2) as client:
        await client.rpush(f"oauth_guard:{KEY.hex()}", "not a string")
    assert await is_unavailable(store, KEY)
    assert not await is_unavailable(store, OTHER)
    assert caplog.messages == [f"{UNAVAILABLE}ResponseError"]
    await store.aclose()


@needs_server
async def test_restarted_server_is_used_after_the_back_off(server: ValkeyServer) -> None:
    """The server is killed and started again; the first command after the back-off succeeds."""
    clock = FakeClock()
    store = RedisStore(server.url, key=SECRET, timeout=2, monotonic=clock)
    await store.put(KEY, b"value", 60)
    server.kill()
    assert await is_unavailable(store)
    await server.restart()
    assert await is_unavailable(store)
    clock.now += 1
    assert not await is_unavailable(store)
    await store.put(KEY, b"value", 60)
    assert await read(store) == b"value"
    await store.aclose()


@needs_server
async def test_idle_connection_closed_by_a_restart_is_reopened(server: ValkeyServer) -> None:
    """The command is retried once without delay."""
    store = RedisStore(server.url, key=SECRET, timeout=2)
    await store.put(KEY, b"value", 60)
    server.kill()
    await server.restart()
    assert not await is_unavailable(store)
    await store.aclose()


@needs_server
async def test_connection_that_ends_before_the_reply_is_retried_once(server: ValkeyServer) -> None:
    """Neither a read nor a claim fails."""
    ended = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal ended
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", server.port)
        while received := await reader.read(65536):
            server_writer.write(received)
            reply = await server_reader.read(65536)
            if b"SETINFO" not in received and ended % 2 == 0:
                ended += 1
                break
            ended += b"SETINFO" not in received
            writer.write(reply)
        server_writer.close()
        writer.close()

    async with listening(serve) as url:
        store = RedisStore(url, key=SECRET, timeout=2)
        assert await read(store) is None
        assert await store.lease(OTHER, 60)
        assert not await store.lease(OTHER, 60)
        assert ended == 6
        await store.aclose()


# ── nodes ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyCluster]:
    """Run a cluster of three primaries, which serves its other slots when one is silent."""
    with ValkeyCluster.running(tmp_path_factory.mktemp("cluster"), 3) as cluster:
        yield cluster


def keys_of(cluster: ValkeyCluster) -> list[bytes]:
    """Return three keys: one of each primary, in their order."""
    keys = [bytes([number]) * 32 for number in range(100)]
    nodes = [cluster.primary_of(f"oauth_guard:{key.hex()}") for key in keys]
    return [keys[nodes.index(node)] for node in cluster.nodes]


@needs_server
@pytest.mark.parametrize("decode_responses", [None, False, True])
async def test_store_on_a_cluster_keeps_values_of_all_slots(
    cluster: ValkeyCluster, decode_responses: bool | None
) -> None:
    """The URL names one node, and the others are discovered; a client of the user works too."""
    plain = cluster.url.replace("+cluster", "")
    client = RedisCluster.from_url(plain, decode_responses=bool(decode_responses), protocol=2)
    server = cluster.url if decode_responses is None else client
    store = RedisStore(server, key=SECRET, prefix=f"{decode_responses}:", timeout=5)
    for key in keys_of(cluster):
        await store.put(key, b"value", 60)
        assert await read(store, key) == b"value"
        assert [await store.lease(key + key, 60) for _ in range(2)] == [True, False]
    await store.aclose()
    await client.aclose()


@needs_server
@pytest.mark.parametrize("own_client", [True, False])
async def test_silent_node_of_a_cluster_does_not_affect_the_others(
    cluster: ValkeyCluster, own_client: bool
) -> None:
    """Only its keys are unavailable, and only they wait for the end of its back-off."""
    clock, (first, second, third) = FakeClock(), keys_of(cluster)
    client = RedisCluster.from_url(cluster.url.replace("+cluster", ""), protocol=2)
    server = client if own_client else cluster.url
    store = RedisStore(server, key=SECRET, timeout=0.2, monotonic=clock)
    assert not await is_unavailable(store, first)
    cluster.nodes[0].freeze()
    try:
        assert all(await asyncio.gather(*(is_unavailable(store, first) for _ in range(100))))
        for _ in range(50):
            assert not await is_unavailable(store, second)
            assert not await is_unavailable(store, third)
    finally:
        cluster.nodes[0].thaw()
    assert await is_unavailable(store, first)
    clock.now += 1
    assert not await is_unavailable(store, first)
    await store.aclose()
    await client.aclose()


@needs_server
async def test_nodes_of_a_cluster_are_read_again_after_a_timeout(cluster: ValkeyCluster) -> None:
    """redis-py does not do so itself when a time limit cancels its command."""
    client = RedisCluster.from_url(cluster.url.replace("+cluster", ""), protocol=2)
    server = RedisServer(client, prefix="", timeout=0.1, monotonic=FakeClock())
    await server.run(lambda client: client.ping())
    client.nodes_manager.slots_cache.clear()
    with pytest.raises(StoreUnavailable):
        await server.run(lambda _: asyncio.sleep(10))
    async with asyncio.timeout(5):
        while not client.nodes_manager.slots_cache:  # noqa: ASYNC110 - redis-py has no event
            await asyncio.sleep(0.01)
    await server.aclose()
    await client.aclose()


async def test_names_of_removed_nodes_do_not_pile_up() -> None:
    """In a cluster whose keys all have nodes of their own, the memory stays bounded."""

    class ManyNodes(RedisCluster):
        def get_node_from_key(self, key: str, *_: Any) -> Any:
            return type("Node", (), {"name": key})

    server = RedisServer(ManyNodes("127.0.0.1", 1), prefix="", timeout=1, monotonic=FakeClock())

    async def use(number: int) -> None:
        for name in range(number):
            await server.run(lambda _: asyncio.sleep(0), f"node {name}")

    await use(1)
    tracemalloc.start()
    await use(3000)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 1_000_000
