"""RedisStore: sealed values with a lifetime on the server, and connections."""

import asyncio
import gc
import uuid
from contextlib import suppress

import pytest
from redis.asyncio import Redis

from oauth_guard.errors import ConfigurationError, StoreUnavailable
from oauth_guard.stores.redis import RedisStore
from tests.builders.clock import FakeClock
from tests.builders.valkey_server import ValkeyServer
from tests.unit.stores.scenes import (
    KEY,
    NOWHERE,
    OTHER,
    SECRET,
    UNAVAILABLE,
    FixedReplies,
    is_unavailable,
    listening,
    read,
)

needs_redis = pytest.mark.needs("redis")
needs_server = pytest.mark.needs("valkey-server")


@pytest.fixture
def prefix() -> str:
    """Return a key prefix that no other test uses."""
    return f"test:{uuid.uuid4()}:"


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


def test_repr_contains_no_password() -> None:
    """A store that is logged by accident reveals nothing."""
    assert "secret" not in repr(RedisStore("redis://user:secret@localhost", key=SECRET))


# ── values and connections ───────────────────────────────────────────────────────────────────


@needs_redis
async def test_value_and_lease_have_a_prefixed_key_and_an_expiry_on_the_server(
    raw_client: Redis, redis_url: str, prefix: str
) -> None:
    """The server removes expired keys by itself."""
    store = RedisStore(redis_url, key=SECRET, prefix=prefix, timeout=2)
    await store.put(KEY, b"put", 60)
    assert await store.lease(OTHER, 30)
    await store.aclose()
    assert 59_000 < await raw_client.pttl(prefix + KEY.hex()) <= 60_000
    assert 29_000 < await raw_client.pttl(prefix + OTHER.hex()) <= 30_000


@needs_redis
@pytest.mark.parametrize(
    ("ahead", "lifetime", "left"),
    [
        pytest.param(0, 60, 60, id="clocks agree"),
        pytest.param(30, 60, 60, id="clock of the writer ahead"),
        pytest.param(-30, 60, 30, id="clock of the writer behind"),
        pytest.param(0, 20, 20, id="lifetime shortened on the server"),
        pytest.param(0, 900, 60, id="lifetime lengthened on the server"),
        pytest.param(0, None, 60, id="lifetime removed on the server"),
    ],
)
async def test_remaining_lifetime_is_the_shorter_of_seal_and_server(
    raw_client: Redis, redis_url: str, prefix: str, ahead: float, lifetime: int | None, left: float
) -> None:
    """The server measures it, so a clock that is ahead lengthens no life."""
    clock = FakeClock()
    writer = RedisStore(redis_url, key=SECRET, prefix=prefix, timeout=2, clock=clock)
    clock.now += ahead
    await writer.put(KEY, b"value", 60)
    clock.now -= ahead
    if lifetime is None:
        await raw_client.persist(prefix + KEY.hex())
    elif lifetime != 60:
        await raw_client.expire(prefix + KEY.hex(), lifetime)
    stored = await writer.get(KEY)
    await writer.aclose()
    assert stored is not None
    assert stored.seconds == pytest.approx(left, abs=2)
    assert stored.seconds <= left


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
        assert await read(store) == b"value"
        assert [await store.lease(OTHER, 60) for _ in range(2)] == [True, False]
        assert await client.ping()


@needs_redis
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_each_event_loop_gets_its_own_connections(redis_url: str, prefix: str) -> None:
    """The store opens new ones in a new loop, whether or not it was closed in the old one."""
    store = RedisStore(redis_url, key=SECRET, prefix=prefix, timeout=2)
    asyncio.run(store.put(KEY, b"value", 60))

    async def read_and_close() -> bytes | None:
        value = await read(store)
        await store.aclose()
        return value

    assert asyncio.run(read_and_close()) == b"value"
    asyncio.run(store.put(KEY, b"value", 60))
    asyncio.run(store.aclose())
    gc.collect()  # collect what the closed loops left open while the warnings are ignored


@needs_server
async def test_many_concurrent_commands_share_few_connections(server: ValkeyServer) -> None:
    """Commands that find no free slot wait for one."""
    store = RedisStore(server.url, key=SECRET, timeout=2)
    assert await asyncio.gather(*(is_unavailable(store) for _ in range(1000))) == [False] * 1000
    async with Redis.from_url(server.url, protocol=2) as client:
        assert (await client.info("stats"))["total_connections_received"] < 20
    await store.aclose()


@needs_redis
@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
async def test_value_that_is_not_text_is_rejected_with_a_decoding_client(
    raw_client: Redis, redis_url: str, prefix: str, errors: str
) -> None:
    """It has no valid seal, so it is missing; other keys are not affected."""
    await raw_client.set(prefix + KEY.hex(), b"\xff", px=60_000)
    async with Redis.from_url(
        redis_url, decode_responses=True, encoding_errors=errors, protocol=2
    ) as client:
        store = RedisStore(client, key=SECRET, prefix=prefix, timeout=2)
        assert await read(store, KEY) is None
        await store.put(KEY, b"value", 60)
        assert await read(store, KEY) == b"value"


# ── unavailable servers and wrong replies ────────────────────────────────────────────────────


async def test_unreachable_server_raises_store_unavailable(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each method raises it; the log names the class of the error at most every 30 s."""
    clock = FakeClock()
    store = RedisStore(NOWHERE, key=SECRET, timeout=2, monotonic=clock)
    for call in (store.get(KEY), store.put(KEY, b"", 1), store.lease(KEY, 1)):
        with pytest.raises(StoreUnavailable):
            await call
        clock.now += 1
    assert caplog.messages == [f"{UNAVAILABLE}ConnectionError"]
    clock.now += 30
    assert await is_unavailable(store)
    assert caplog.messages == [f"{UNAVAILABLE}ConnectionError"] * 2
    await store.aclose()


WRONG_REPLIES = {
    "closed connection": b"",
    "status": b"+OK\r\n",
    "integers": b":1\r\n:1\r\n",
    "text for the lifetime": b"$1\r\nx\r\n$-1\r\n",
    "array for the value": b":1000\r\n*1\r\n$1\r\nx\r\n",
    "nested array for the value": b":1000\r\n*1\r\n*1\r\n$1\r\nx\r\n",
    "boolean of RESP3": b":1000\r\n#t\r\n",
    "map of RESP3": b":1000\r\n%1\r\n$1\r\na\r\n:1\r\n",
    "length that is no number": b":1000\r\n$abc\r\n",
    "negative length": b":1000\r\n$-7\r\n",
    "huge length": b":1000\r\n$99999999999999\r\n",
    "huge array": b":1000\r\n*99999999999999\r\n",
    "integer that is no number": b":x\r\n:x\r\n",
    "line of 100 kB": b":1000\r\n$" + b"9" * 100_000,
    "deeply nested array": b":1000\r\n" + b"*1\r\n" * 20_000,
    "error": b"-ERR no\r\n-ERR no\r\n",
    "error, then a value": b"-ERR no\r\n$1\r\nx\r\n",
    "error of a cluster": b"-MOVED 1 127.0.0.1:1\r\n-ASK x\r\n",
    "HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "any bytes": bytes(range(256)),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # some versions of redis-py leave sockets
@pytest.mark.parametrize("reply", WRONG_REPLIES.values(), ids=WRONG_REPLIES)
@pytest.mark.parametrize("decode_responses", [False, True, None])
async def test_reply_that_breaks_the_protocol_raises_store_unavailable(
    reply: bytes, decode_responses: bool | None
) -> None:
    """No other error leaves the store, for any method, with our own client and with the user's."""
    clock = FakeClock()
    async with listening(FixedReplies(reply).serve) as url:
        client = Redis.from_url(url, decode_responses=bool(decode_responses), protocol=2)
        server = url if decode_responses is None else client
        store = RedisStore(server, key=SECRET, timeout=0.2, monotonic=clock)
        for _ in range(2):
            # To redis-py, a negative length is an empty value; it has no seal.
            assert await is_unavailable(store) or b"$-7" in reply
            clock.now += 1
            with suppress(StoreUnavailable):
                assert not await store.lease(KEY, 60)  # text is the nonce of another process
            clock.now += 1
        await store.aclose()
        await client.aclose()


@needs_server
async def test_command_refused_by_an_access_rule_leaves_a_usable_connection(
    server: ValkeyServer,
) -> None:
    """A user without `PTTL` can't read; the reply to `GET` is not taken for the next command's."""
    async with Redis.from_url(server.url, protocol=2) as client:
        await client.acl_setuser(
            "app", enabled=True, passwords="+p", keys=["oauth_guard:*"], commands=["+get", "+set"]
        )
    store = RedisStore(server.url.replace("//", "//app:p@"), key=SECRET, timeout=2)
    await store.put(KEY, b"value", 60)
    assert await is_unavailable(store)
    assert [await store.lease(OTHER, 60) for _ in range(2)] == [True, False]
    async with Redis.from_url(server.url, protocol=2) as client:
        await client.acl_setuser("app", commands=["+pttl"])
    assert await read(store) == b"value"
    await store.aclose()


async def test_late_reply_is_not_taken_for_that_of_the_next_command() -> None:
    """The reply to `GET` arrives after `PTTL` was refused: a lease that is taken stays taken."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while received := await reader.read(65536):
            if b"SETINFO" in received:
                writer.write(b"+OK\r\n" * received.count(b"SETINFO"))
            elif b"PTTL" in received:
                writer.write(b"-NOPERM no\r\n")
                await asyncio.sleep(0.05)
                writer.write(b"$-1\r\n")
            else:
                writer.write(b"$5\r\nother\r\n")

    async with listening(serve) as url:
        store = RedisStore(url, key=SECRET, timeout=2)
        assert await is_unavailable(store)
        assert not await store.lease(OTHER, 60)
        await store.aclose()
