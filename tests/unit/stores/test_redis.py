"""RedisStore: connections, time limits, outages, clusters and sentinels."""

import asyncio
import gc
import time
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
import redis
from redis.asyncio import Redis

from oauth_guard.errors import ConfigurationError, StoreUnavailable
from oauth_guard.stores.redis import RedisStore
from tests.builders.clock import FakeClock
from tests.builders.valkey_server import ValkeyServer, free_port

SECRET = b"s" * 32
KEY, OTHER = bytes(range(32)), bytes(32)
NOWHERE = "redis://127.0.0.1:1"
UNAVAILABLE = "the shared store is unavailable and is not used: "

needs_redis = pytest.mark.needs("redis")
needs_server = pytest.mark.needs("valkey-server")


@pytest.fixture
def prefix() -> str:
    """Return a key prefix that no other test uses."""
    return f"test:{uuid.uuid4()}:"


class SilentServer:
    """A server that accepts connections and never responds."""

    def __init__(self) -> None:
        self.url = ""
        self.connections: list[asyncio.StreamWriter] = []


@pytest.fixture
async def silent() -> AsyncIterator[SilentServer]:
    """Run a server that never responds, and keep its connections."""
    silent = SilentServer()
    server = await asyncio.start_server(
        lambda _, writer: silent.connections.append(writer), "127.0.0.1", 0
    )
    silent.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield silent
    for writer in silent.connections:
        writer.close()
    server.close()


async def is_unavailable(store: RedisStore, key: bytes = KEY) -> bool:
    """Return whether the store raises `StoreUnavailable`; any other error is raised here."""
    try:
        await store.get(key)
    except StoreUnavailable:
        return True
    return False


# ── settings ─────────────────────────────────────────────────────────────────────────────────


def test_store_without_a_key_is_rejected() -> None:
    """Values can't be stored without a seal by mistake."""
    with pytest.raises(ConfigurationError, match="key="):
        RedisStore("redis://localhost")


@pytest.mark.parametrize("key", [b"", b"short", [SECRET, b"short"]])
def test_store_with_a_short_key_is_rejected(key: bytes | list[bytes]) -> None:
    """A short key could be guessed."""
    with pytest.raises(ConfigurationError, match="key="):
        RedisStore("redis://localhost", key=key)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="empty"),
        pytest.param("localhost:6379", id="no scheme"),
        pytest.param("https://:secret@localhost", id="https scheme"),
        pytest.param("redis+magic://:secret@localhost", id="unknown kind"),
        pytest.param("redis://:secret@localhost?db=x", id="parameter that is no number"),
        pytest.param("redis+cluster://:secret@localhost/3", id="cluster with a database"),
        pytest.param("redis+sentinel://:secret@localhost", id="sentinel without a name"),
        pytest.param("redis+sentinel://:secret@,b/name", id="sentinel without a host"),
        pytest.param("redis+sentinel://:secret@a:b/name", id="sentinel with a bad port"),
        pytest.param("redis+sentinel://:secret@a/name/x", id="sentinel with a bad database"),
    ],
)
def test_invalid_url_is_rejected_without_being_quoted(url: str) -> None:
    """It is rejected when the store is built; the URL may contain a password."""
    with pytest.raises(ConfigurationError, match="server=") as error:
        RedisStore(url, key=SECRET)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://user:secret@localhost:6380/1?socket_timeout=1",
        "rediss://localhost",
        "unix:///run/redis.sock?db=1",
        "redis+cluster://127.0.0.1:7000",
        "rediss+cluster://127.0.0.1",
        "redis+sentinel://user:secret@a,b:26380,[::1]:26381/main/1",
        "rediss+sentinel://a/main",
    ],
)
def test_valid_url_opens_no_connection(url: str) -> None:
    """Building a store connects to nothing, and its `repr` has no password."""
    assert "secret" not in repr(RedisStore(url, key=SECRET))


# ── values and connections ───────────────────────────────────────────────────────────────────


@needs_redis
async def test_value_has_the_prefixed_key_and_an_expiry_on_the_server(
    raw_client: Redis, redis_url: str, prefix: str
) -> None:
    """The server removes expired values by itself."""
    store = RedisStore(redis_url, key=SECRET, prefix=prefix, timeout=2)
    await store.put(KEY, b"put", 60)
    await store.add(OTHER, b"added", 30)
    await store.aclose()
    assert 59_000 < await raw_client.pttl(prefix + KEY.hex()) <= 60_000
    assert 29_000 < await raw_client.pttl(prefix + OTHER.hex()) <= 30_000


@needs_redis
@pytest.mark.parametrize("decode_responses", [False, True])
async def test_client_passed_by_the_user_is_not_closed(
    redis_url: str, prefix: str, decode_responses: bool
) -> None:
    """It works with and without `decode_responses`."""
    async with Redis.from_url(redis_url, decode_responses=decode_responses, protocol=2) as client:
        store = RedisStore(client, key=SECRET, prefix=prefix, timeout=2)
        await store.put(KEY, b"value", 60)
        await store.aclose()
        assert await store.get(KEY) == b"value"
        assert await client.ping()


@needs_redis
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_each_event_loop_gets_its_own_connections(redis_url: str, prefix: str) -> None:
    """The store opens new ones in a new loop, whether or not it was closed in the old one."""
    store = RedisStore(redis_url, key=SECRET, prefix=prefix, timeout=2)
    asyncio.run(store.put(KEY, b"value", 60))

    async def read() -> bytes | None:
        value = await store.get(KEY)
        await store.aclose()
        return value

    assert asyncio.run(read()) == b"value"
    asyncio.run(store.put(KEY, b"value", 60))
    asyncio.run(store.aclose())
    gc.collect()  # collect what the closed loops left open while the warnings are ignored


@needs_server
async def test_many_concurrent_commands_share_few_connections(server: ValkeyServer) -> None:
    """Commands that find no free slot wait for one."""
    store = RedisStore(server.url, key=SECRET, timeout=20)
    assert await asyncio.gather(*(is_unavailable(store) for _ in range(1000))) == [False] * 1000
    async with Redis.from_url(server.url, protocol=2) as client:
        assert (await client.info("stats"))["total_connections_received"] < 20
    await store.aclose()


# ── outages ──────────────────────────────────────────────────────────────────────────────────


async def test_unreachable_server_raises_store_unavailable(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each method raises it; the log names the class of the error at most every 30 s."""
    clock = FakeClock()
    store = RedisStore(NOWHERE, key=SECRET, timeout=2, monotonic=clock)
    for call in (store.get(KEY), store.put(KEY, b"", 1), store.add(KEY, b"", 1)):
        with pytest.raises(StoreUnavailable):
            await call
        clock.now += 1
    assert caplog.messages == [f"{UNAVAILABLE}ConnectionError"]
    clock.now += 30
    assert await is_unavailable(store)
    assert caplog.messages == [f"{UNAVAILABLE}ConnectionError"] * 2
    await store.aclose()


async def test_silent_server_costs_one_timeout(silent: SilentServer) -> None:
    """Commands that wait for a slot fail together, and later ones do not try."""
    store = RedisStore(silent.url, key=SECRET, timeout=0.05, monotonic=FakeClock())
    assert all(await asyncio.gather(*(is_unavailable(store) for _ in range(500))))
    assert all([await is_unavailable(store) for _ in range(200)])
    assert len(silent.connections) <= 16
    await store.aclose()


async def test_timeout_applies_while_a_connection_is_opened(silent: SilentServer) -> None:
    """redis-py waits at several points while it connects; the limit applies at each."""
    async with asyncio.timeout(5):  # a call without its time limit would take longer
        for step in range(200):
            store = RedisStore(silent.url, key=SECRET, timeout=step / 50_000)
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


class SlowServer:
    """A server that responds to each `GET` with nil, after a delay in seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection; commands other than `GET` get `OK` without delay."""
        while received := await reader.read(4096):
            gets = received.count(b"\r\nGET\r\n")
            if gets:
                await asyncio.sleep(self.seconds)
            writer.write(b"$-1\r\n" * gets or b"+OK\r\n" * received.count(b"*"))
        writer.close()


@pytest.fixture
async def slow() -> AsyncIterator[SlowServer]:
    """Run a server that takes 0.2 s for each `GET`."""
    slow = SlowServer(0.2)
    server = await asyncio.start_server(slow.serve, "127.0.0.1", 0)
    slow.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield slow
    server.close()


async def test_timeout_while_waiting_for_a_slot_starts_no_back_off(slow: SlowServer) -> None:
    """The command fails; the server does respond, so the next command is sent."""
    store = RedisStore(slow.url, key=SECRET, timeout=1, monotonic=FakeClock())
    outcomes = await asyncio.gather(*(is_unavailable(store) for _ in range(400)))
    assert outcomes[:16] == [False] * 16
    assert outcomes[-16:] == [True] * 16
    assert not await is_unavailable(store)
    await store.aclose()


@needs_redis
@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
async def test_undecodable_value_starts_no_back_off(
    raw_client: Redis, redis_url: str, prefix: str, errors: str
) -> None:
    """A key whose bytes are not text can't be read; other keys can."""
    await raw_client.set(prefix + KEY.hex(), b"\xff", px=60_000)
    async with Redis.from_url(
        redis_url, decode_responses=True, encoding_errors=errors, protocol=2
    ) as client:
        store = RedisStore(client, key=SECRET, prefix=prefix, timeout=2)
        assert await is_unavailable(store, KEY)
        assert not await is_unavailable(store, OTHER)
        await store.put(KEY, b"value", 60)
        assert await store.get(KEY) == b"value"


@needs_redis
async def test_error_response_of_the_server_starts_no_back_off(
    raw_client: Redis, redis_url: str, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A key that holds a list can't be read; other keys can."""
    store = RedisStore(redis_url, key=SECRET, prefix=prefix, timeout=2)
    await raw_client.rpush(prefix + KEY.hex(), "not a string")
    await raw_client.expire(prefix + KEY.hex(), 60)
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
    assert await store.get(KEY) == b"value"
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


# ── clusters and sentinels ───────────────────────────────────────────────────────────────────


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """Run a cluster of one node, which has all hash slots."""
    settings = ("cluster-enabled yes", f"cluster-port {free_port()}")
    node = ValkeyServer(tmp_path_factory.mktemp("cluster"), *settings)
    node.start()
    with redis.Redis.from_url(node.url, protocol=2) as client:
        client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        while client.execute_command("CLUSTER INFO")["cluster_state"] != "ok":
            time.sleep(0.05)  # takes about 2 seconds
    yield node
    node.kill()


@needs_server
async def test_store_on_a_cluster_keeps_values_of_all_slots(cluster: ValkeyServer) -> None:
    """The URL names one node; the others are discovered."""
    store = RedisStore(cluster.url.replace("redis", "redis+cluster"), key=SECRET, timeout=5)
    for key in (KEY, OTHER):
        assert await store.add(key, b"value", 60)
        assert await store.get(key) == b"value"
    await store.aclose()


async def test_unreachable_cluster_raises_store_unavailable() -> None:
    """`RedisClusterException`, which is no `RedisError`, is translated too."""
    store = RedisStore("redis+cluster://127.0.0.1:1", key=SECRET, timeout=2)
    assert await is_unavailable(store)
    await store.aclose()


@pytest.fixture
def sentinel(
    server: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ValkeyServer]:
    """Run a sentinel that monitors *server* under the name `main`."""
    watch = f"sentinel monitor main 127.0.0.1 {server.port} 1"
    sentinel = ValkeyServer(tmp_path_factory.mktemp("sentinel"), watch, sentinel=True)
    sentinel.start()
    yield sentinel
    sentinel.kill()


@needs_server
async def test_primary_is_found_through_the_first_reachable_sentinel(
    sentinel: ValkeyServer,
) -> None:
    """A sentinel that can't be reached is skipped."""
    hosts = f"127.0.0.1:1,127.0.0.1:{sentinel.port}"
    store = RedisStore(f"redis+sentinel://{hosts}/main/1", key=SECRET, timeout=2)
    await store.put(KEY, b"value", 60)
    assert await store.get(KEY) == b"value"
    await store.aclose()


@needs_server
async def test_unknown_sentinel_name_raises_store_unavailable(sentinel: ValkeyServer) -> None:
    """It is raised when the store is used, not when it is built."""
    url = f"redis+sentinel://127.0.0.1:{sentinel.port}/unknown"
    store = RedisStore(url, key=SECRET, timeout=2)
    assert await is_unavailable(store)
    await store.aclose()
