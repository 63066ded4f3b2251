"""IntrospectionCache in several processes: results are shared, and forged ones rejected."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable

import pytest
from redis.asyncio import Redis

from oauth_guard.errors import Reason, StoreUnavailable
from oauth_guard.stores.redis import RedisStore
from tests.builders.clock import FakeClock
from tests.builders.introspection_cache import INACTIVE, IntrospectionCacheHarness
from tests.builders.scripted_issuer import always, claims_of
from tests.builders.valkey_server import ValkeyServer

SECRET, FOREIGN = b"s" * 32, b"f" * 32
NO_SEAL = "a stored value was rejected: its seal is not valid"
TOO_OLD = "a stored value was rejected: it expired more than 60 s ago"

pytestmark = pytest.mark.needs("redis")


class Processes:
    """Caches of several processes, which share only the server."""

    def __init__(self, url: str, raw_client: Redis) -> None:
        self.url = url
        self.prefix = f"test:{uuid.uuid4()}:"
        self.raw_client = raw_client
        self.clock = FakeClock()
        self.stores: list[RedisStore] = []

    def process(self, key: bytes = SECRET) -> IntrospectionCacheHarness:
        """Return the cache of one more process."""
        store = RedisStore(self.url, key=key, prefix=self.prefix, timeout=2, clock=self.clock)
        self.stores.append(store)
        return IntrospectionCacheHarness(store, clock=self.clock)

    async def names(self) -> list[str]:
        """Return the keys of all values on the server; a lease that has ended is removed."""
        await asyncio.sleep(0.01)
        return [name.decode() async for name in self.raw_client.scan_iter(f"{self.prefix}*")]

    async def value(self, name: str) -> bytes:
        """Return the value under *name* on the server."""
        value = await self.raw_client.get(name)
        assert isinstance(value, bytes)
        return value


@pytest.fixture
async def processes(redis_url: str, raw_client: Redis) -> AsyncIterator[Processes]:
    """Yield a server and a factory of processes."""
    processes = Processes(redis_url, raw_client)
    yield processes
    for store in processes.stores:
        await store.aclose()


async def test_second_process_uses_the_shared_result(processes: Processes) -> None:
    """The issuer is called once."""
    first, second = processes.process(), processes.process()
    assert await first.verdict() == await second.verdict() == claims_of("token")
    assert (first.issuer.calls, second.issuer.calls) == (1, 0)


async def test_copies_of_a_result_expire_together(processes: Processes) -> None:
    """However late a copy was made, and in whatever process."""
    first, second, third = (processes.process() for _ in range(3))
    for process, age in ((first, 0), (second, 59), (third, 59.9)):
        processes.clock.now = 1_750_000_000 + age
        assert await process.verdict() == claims_of("token")
    assert (second.issuer.calls, third.issuer.calls) == (0, 0)
    processes.clock.now = 1_750_000_000 + 60
    for process, calls in ((third, 1), (second, 0), (first, 1)):
        assert await process.verdict() == claims_of("token")
        assert process.issuer.calls == calls


async def test_inactive_tokens_are_not_shared(processes: Processes) -> None:
    """Junk does not fill the server; each process caches its own inactive tokens."""
    first, second = processes.process(), processes.process()
    first.issuer.script = second.issuer.script = always(INACTIVE)
    assert await first.verdict() == await second.verdict() == Reason.INACTIVE
    assert (first.issuer.calls, second.issuer.calls) == (1, 1)
    assert await processes.names() == []


async def test_server_stores_no_token(processes: Processes) -> None:
    """The key is a digest, the value is sealed JSON."""
    token = uuid.uuid4().hex
    await processes.process().verdict(token)
    (name,) = await processes.names()
    value = await processes.value(name)
    assert len(name.removeprefix(processes.prefix)) == 64
    assert token.encode() not in name.encode() + value
    assert b'"claims": {"iss": "https://issuer.test"' in value


# ── values that others wrote ──────────────────────────────────────────────────────────


def unsealed(value: bytes) -> bytes:
    """Return *value* without its seal."""
    return value.split(b":", 3)[3]


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda value: value.replace(b"read", b"root"), id="more scope"),
        pytest.param(lambda value: value.replace(b"1:17", b"1:27", 1), id="more time"),
        pytest.param(unsealed, id="without the seal"),
        pytest.param(lambda _: b"garbage", id="garbage"),
        pytest.param(lambda _: b"", id="nothing"),
    ],
)
async def test_tampered_value_is_a_logged_miss(
    processes: Processes, forge: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    """The issuer is called, and its result replaces the forged one."""
    await processes.process().verdict()
    (name,) = await processes.names()
    await processes.raw_client.set(name, forge(await processes.value(name)))
    second, third = processes.process(), processes.process()
    assert await second.verdict() == claims_of("token")
    assert second.issuer.calls == 1
    assert caplog.messages == [NO_SEAL]
    assert await third.verdict() == claims_of("token")
    assert third.issuer.calls == 0


async def test_value_sealed_with_another_key_is_a_logged_miss(
    processes: Processes, caplog: pytest.LogCaptureFixture
) -> None:
    """Without the key, no one can write a value, even with this library."""
    forger = processes.process(FOREIGN)
    forger.issuer.script = always(claims_of("token", sub="admin", scope="root"))
    await forger.verdict()
    await processes.names()  # the lease has ended, so the value is read only once
    assert await processes.process().verdict() == claims_of("token")
    assert caplog.messages == [NO_SEAL]


async def test_value_under_another_key_is_a_logged_miss(
    processes: Processes, caplog: pytest.LogCaptureFixture
) -> None:
    """A valid token's result is not used for another token."""
    process = processes.process()
    await process.verdict("good")
    (good,) = await processes.names()
    await process.verdict("to be moved to")
    (other,) = set(await processes.names()) - {good}
    await processes.raw_client.copy(good, other, replace=True)
    second = processes.process()
    second.issuer.script = always(INACTIVE)
    assert await second.verdict("to be moved to") == Reason.INACTIVE
    assert caplog.messages == [NO_SEAL]


async def test_expired_value_is_a_logged_miss(
    processes: Processes, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether restored or never deleted: the reader's clock counts, not the server's."""
    await processes.process().verdict()
    (name,) = await processes.names()
    await processes.raw_client.persist(name)
    processes.clock.now += 120
    second = processes.process()
    second.issuer.script = always(INACTIVE)
    assert await second.verdict() == Reason.INACTIVE
    assert caplog.messages == [TOO_OLD]


# ── a server that fails ─────────────────────────────────────────────────────────────────────


async def test_requests_succeed_without_the_server() -> None:
    """Each process uses its own cache."""
    store = RedisStore("redis://127.0.0.1:1", key=SECRET)
    harness = IntrospectionCacheHarness(store)
    for _ in range(3):
        assert await harness.verdict() == claims_of("token")
        assert await harness.introspected() == claims_of("token")
    assert harness.issuer.calls == 4
    with pytest.raises(StoreUnavailable):
        await store.get(b"key")
    await store.aclose()


def expected(token: str) -> object:
    """Return the outcome that a request with *token* must have, with or without the server."""
    return Reason.INACTIVE if "bad" in token else claims_of(token)


@pytest.mark.needs("valkey-server")
async def test_killed_and_restarted_server_fails_no_request(server: ValkeyServer) -> None:
    """Under load: no valid token is rejected, and no request fails."""
    stores = [RedisStore(server.url, key=SECRET) for _ in range(2)]
    processes = [IntrospectionCacheHarness(store) for store in stores]
    for process in processes:
        process.issuer.script = lambda token: INACTIVE if "bad" in token else claims_of(token)
    wrong: list[object] = []
    done = asyncio.Event()
    served = 0

    async def load(process: IntrospectionCacheHarness, worker: int) -> None:
        nonlocal served
        while not done.is_set():
            process.clock.now += 1
            for token in ("remembered", f"new {worker} {served}", f"bad {worker} {served}"):
                outcome = await process.verdict(token)
                if outcome != expected(token):
                    wrong.append(outcome)
                served += 1

    workers = [asyncio.create_task(load(process, n)) for process in processes for n in range(20)]
    await asyncio.sleep(0.2)
    server.kill()
    await asyncio.sleep(0.2)
    await server.restart()
    await asyncio.sleep(0.2)
    done.set()
    await asyncio.gather(*workers)
    assert wrong == []
    assert served > 300
    for store in stores:
        await store.aclose()
