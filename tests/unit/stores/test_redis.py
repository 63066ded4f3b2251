"""A server that is shared is asked within bounds, and done without where it can't be."""

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
from tests.unit.stores.server import ValkeyServer, free_port

SECRET = b"s" * 32
KEY, OTHER = bytes(range(32)), bytes(32)
NOWHERE = "redis://127.0.0.1:1"
TOLD = "the shared store is unavailable and is not used: "

needs_redis = pytest.mark.needs("redis")
needs_server = pytest.mark.needs("valkey-server")


@pytest.fixture
def prefix() -> str:
    """What the keys of one test begin with."""
    return f"test:{uuid.uuid4()}:"


class SilentServer:
    """Listens, takes connections, and never says a word."""

    def __init__(self) -> None:
        self.url = ""
        self.connections: list[asyncio.StreamWriter] = []


@pytest.fixture
async def silent() -> AsyncIterator[SilentServer]:
    """A server that is silent, and counts who came."""
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
    """Tell whether the store can't be asked; no other error is let through."""
    try:
        await store.get(key)
    except StoreUnavailable:
        return True
    return False


# ── how it is built ──────────────────────────────────────────────────────────────────────────


def test_it_is_not_built_without_a_key() -> None:
    """Nobody forgets the seal."""
    with pytest.raises(ConfigurationError, match="key="):
        RedisStore("redis://localhost")


@pytest.mark.parametrize("key", [b"", b"short", [SECRET, b"short"]])
def test_it_is_not_built_with_a_short_key(key: bytes | list[bytes]) -> None:
    """A key that can be guessed is none."""
    with pytest.raises(ConfigurationError, match="key="):
        RedisStore("redis://localhost", key=key)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="empty"),
        pytest.param("localhost:6379", id="no scheme"),
        pytest.param("https://:secret@localhost", id="another scheme"),
        pytest.param("redis+magic://:secret@localhost", id="another kind"),
        pytest.param("redis://:secret@localhost?db=x", id="a parameter that can't be read"),
        pytest.param("redis+cluster://:secret@localhost/3", id="a cluster has no databases"),
        pytest.param("redis+sentinel://:secret@localhost", id="sentinels, but no name"),
        pytest.param("redis+sentinel://:secret@,b/name", id="a sentinel on no host"),
        pytest.param("redis+sentinel://:secret@a:b/name", id="a sentinel's port"),
        pytest.param("redis+sentinel://:secret@a/name/x", id="a sentinel's database"),
    ],
)
def test_a_url_that_cant_be_read_is_refused(url: str) -> None:
    """At once, and without quoting what may be a password."""
    with pytest.raises(ConfigurationError, match="server=") as refusal:
        RedisStore(url, key=SECRET)
    assert "secret" not in str(refusal.value)


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
def test_a_url_is_read_without_connecting(url: str) -> None:
    """Building asks nobody."""
    assert "secret" not in repr(RedisStore(url, key=SECRET))


# ── what is on the server ────────────────────────────────────────────────────────────────────


@needs_redis
async def test_each_value_has_a_digest_for_its_key_and_an_end(
    anybody: Redis, redis_url: str, prefix: str
) -> None:
    """The server forgets by itself; what it holds is under our prefix."""
    store = RedisStore(redis_url, key=SECRET, prefix=prefix, timeout=2)
    await store.put(KEY, b"put", 60)
    await store.add(OTHER, b"added", 30)
    await store.aclose()
    assert 59_000 < await anybody.pttl(prefix + KEY.hex()) <= 60_000
    assert 29_000 < await anybody.pttl(prefix + OTHER.hex()) <= 30_000


@needs_redis
@pytest.mark.parametrize("decodes", [False, True])
async def test_a_client_of_your_own_stays_yours(redis_url: str, prefix: str, decodes: bool) -> None:
    """It is used as it is, and stays open."""
    async with Redis.from_url(redis_url, decode_responses=decodes, protocol=2) as client:
        store = RedisStore(client, key=SECRET, prefix=prefix, timeout=2)
        await store.put(KEY, b"value", 60)
        await store.aclose()
        assert await store.get(KEY) == b"value"
        assert await client.ping()


@needs_redis
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_connections_belong_to_the_running_loop(redis_url: str, prefix: str) -> None:
    """Under another loop others are opened, whatever became of the first."""
    store = RedisStore(redis_url, key=SECRET, prefix=prefix, timeout=2)
    asyncio.run(store.put(KEY, b"value", 60))

    async def read() -> bytes | None:
        value = await store.get(KEY)
        await store.aclose()
        return value

    assert asyncio.run(read()) == b"value"
    asyncio.run(store.put(KEY, b"value", 60))
    asyncio.run(store.aclose())
    gc.collect()  # what the loops that are gone left open, while its warnings are expected


@needs_server
async def test_many_at_once_share_few_connections(server: ValkeyServer) -> None:
    """Those that find no free one wait for it."""
    store = RedisStore(server.url, key=SECRET, timeout=2)
    assert await asyncio.gather(*(is_unavailable(store) for _ in range(1000))) == [False] * 1000
    async with Redis.from_url(server.url, protocol=2) as client:
        assert (await client.info("stats"))["total_connections_received"] < 20
    await store.aclose()


# ── trouble ──────────────────────────────────────────────────────────────────────────────────


async def test_a_server_that_is_not_there_is_one_error_of_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each method gives it; the log names the kind of trouble, once in a while."""
    clock = FakeClock()
    store = RedisStore(NOWHERE, key=SECRET, timeout=2, monotonic=clock)
    for asking in (store.get(KEY), store.put(KEY, b"", 1), store.add(KEY, b"", 1)):
        with pytest.raises(StoreUnavailable):
            await asking
        clock.now += 1
    assert caplog.messages == [f"{TOLD}ConnectionError"]
    clock.now += 30
    assert await is_unavailable(store)
    assert caplog.messages == [f"{TOLD}ConnectionError"] * 2
    await store.aclose()


async def test_a_silent_server_costs_no_more_than_one_bound(silent: SilentServer) -> None:
    """Those who wait for a place don't find out one after the other; later ones don't try."""
    store = RedisStore(silent.url, key=SECRET, timeout=0.05, monotonic=FakeClock())
    assert all(await asyncio.gather(*(is_unavailable(store) for _ in range(500))))
    assert all([await is_unavailable(store) for _ in range(200)])
    assert len(silent.connections) <= 16
    await store.aclose()


async def test_the_bound_holds_wherever_it_is_reached(silent: SilentServer) -> None:
    """While a connection is opened, too, where redis-py waits in more ways than one."""
    async with asyncio.timeout(5):  # one that lost its bound would wait for longer
        for step in range(200):
            store = RedisStore(silent.url, key=SECRET, timeout=step / 50_000)
            assert await is_unavailable(store)
            await store.aclose()


async def test_after_a_silence_one_question_finds_out_for_all(silent: SilentServer) -> None:
    """The one that is let through waits; the others go on without."""
    clock = FakeClock()
    store = RedisStore(silent.url, key=SECRET, timeout=0.2, monotonic=clock)
    assert await is_unavailable(store)
    assert len(silent.connections) == 1
    clock.now += 1
    assert all(await asyncio.gather(*(is_unavailable(store) for _ in range(20))))
    assert len(silent.connections) == 2
    await store.aclose()


class SlowServer:
    """Answers each question after a while: that there is nothing."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer whatever is asked on one connection; what introduces a client at once."""
        while asked := await reader.read(4096):
            questions = asked.count(b"\r\nGET\r\n")
            if questions:
                await asyncio.sleep(self.seconds)
            writer.write(b"$-1\r\n" * questions or b"+OK\r\n" * asked.count(b"*"))
        writer.close()


@pytest.fixture
async def slow() -> AsyncIterator[SlowServer]:
    """A server that takes its time."""
    slow = SlowServer(0.2)
    server = await asyncio.start_server(slow.answer, "127.0.0.1", 0)
    slow.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield slow
    server.close()


async def test_whoever_finds_no_place_in_time_goes_on_without(slow: SlowServer) -> None:
    """However many wait, nobody waits long; and as the server was not silent, it is asked again."""
    store = RedisStore(slow.url, key=SECRET, timeout=1, monotonic=FakeClock())
    outcomes = await asyncio.gather(*(is_unavailable(store) for _ in range(400)))
    assert outcomes[:16] == [False] * 16
    assert outcomes[-16:] == [True] * 16
    assert not await is_unavailable(store)
    await store.aclose()


@needs_redis
@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
async def test_what_a_client_of_your_own_cant_decode_is_no_silence(
    anybody: Redis, redis_url: str, prefix: str, errors: str
) -> None:
    """Somebody planted bytes that are no text: that key can't be read, and the others can."""
    await anybody.set(prefix + KEY.hex(), b"\xff", px=60_000)
    async with Redis.from_url(
        redis_url, decode_responses=True, encoding_errors=errors, protocol=2
    ) as client:
        store = RedisStore(client, key=SECRET, prefix=prefix, timeout=2)
        assert await is_unavailable(store, KEY)
        assert not await is_unavailable(store, OTHER)
        await store.put(KEY, b"value", 60)
        assert await store.get(KEY) == b"value"


@needs_redis
async def test_an_error_that_the_server_answers_is_no_silence(
    anybody: Redis, redis_url: str, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody made a list of one key: that one can't be read, and the others can."""
    store = RedisStore(redis_url, key=SECRET, prefix=prefix, timeout=2)
    await anybody.rpush(prefix + KEY.hex(), "not a string")
    await anybody.expire(prefix + KEY.hex(), 60)
    assert await is_unavailable(store, KEY)
    assert not await is_unavailable(store, OTHER)
    assert caplog.messages == [f"{TOLD}ResponseError"]
    await store.aclose()


@needs_server
async def test_a_server_that_comes_back_is_asked_again(server: ValkeyServer) -> None:
    """Killed in the middle and started again: the next question after the back-off is answered."""
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
async def test_a_server_that_was_restarted_meanwhile_is_no_trouble(server: ValkeyServer) -> None:
    """An idle connection that it closed is opened again at once."""
    store = RedisStore(server.url, key=SECRET, timeout=2)
    await store.put(KEY, b"value", 60)
    server.kill()
    await server.restart()
    assert not await is_unavailable(store)
    await store.aclose()


# ── several servers that are one ─────────────────────────────────────────────────────────────


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """A cluster of one node, which has all slots."""
    settings = ("cluster-enabled yes", f"cluster-port {free_port()}")
    node = ValkeyServer(tmp_path_factory.mktemp("cluster"), *settings)
    node.start()
    with redis.Redis.from_url(node.url, protocol=2) as client:
        client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        while client.execute_command("CLUSTER INFO")["cluster_state"] != "ok":
            time.sleep(0.05)  # it takes about 2 seconds to trust itself
    yield node
    node.kill()


@needs_server
async def test_a_cluster_is_a_store(cluster: ValkeyServer) -> None:
    """One node tells about all."""
    store = RedisStore(cluster.url.replace("redis", "redis+cluster"), key=SECRET, timeout=5)
    for key in (KEY, OTHER):
        assert await store.add(key, b"value", 60)
        assert await store.get(key) == b"value"
    await store.aclose()


async def test_a_cluster_that_is_not_there_is_one_error_of_ours() -> None:
    """Redis-py's other root of errors is translated too."""
    store = RedisStore("redis+cluster://127.0.0.1:1", key=SECRET, timeout=2)
    assert await is_unavailable(store)
    await store.aclose()


@pytest.fixture
def sentinel(
    server: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ValkeyServer]:
    """A sentinel that calls *server* main."""
    watch = f"sentinel monitor main 127.0.0.1 {server.port} 1"
    sentinel = ValkeyServer(tmp_path_factory.mktemp("sentinel"), watch, sentinel=True)
    sentinel.start()
    yield sentinel
    sentinel.kill()


@needs_server
async def test_sentinels_tell_where_the_primary_is(sentinel: ValkeyServer) -> None:
    """The first that answers; one that is not there is passed over."""
    hosts = f"127.0.0.1:1,127.0.0.1:{sentinel.port}"
    store = RedisStore(f"redis+sentinel://{hosts}/main/1", key=SECRET, timeout=2)
    await store.put(KEY, b"value", 60)
    assert await store.get(KEY) == b"value"
    await store.aclose()


@needs_server
async def test_a_name_that_no_sentinel_knows_is_one_error_of_ours(sentinel: ValkeyServer) -> None:
    """It is found out when the store is used."""
    url = f"redis+sentinel://127.0.0.1:{sentinel.port}/other"
    store = RedisStore(url, key=SECRET, timeout=2)
    assert await is_unavailable(store)
    await store.aclose()
