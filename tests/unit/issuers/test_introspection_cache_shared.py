"""Processes that share a server share what they know, and believe nothing that others wrote."""

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
    """Guards in several processes, as far as they know of one another: by the server alone."""

    def __init__(self, url: str, raw_client: Redis) -> None:
        self.url = url
        self.prefix = f"test:{uuid.uuid4()}:"
        self.raw_client = raw_client
        self.clock = FakeClock()
        self.stores: list[RedisStore] = []

    def process(self, key: bytes = SECRET) -> IntrospectionCacheHarness:
        """Return one more."""
        store = RedisStore(self.url, key=key, prefix=self.prefix, timeout=2, clock=self.clock)
        self.stores.append(store)
        return IntrospectionCacheHarness(store, clock=self.clock)

    async def names(self) -> list[str]:
        """Return the keys of what there is on the server."""
        return [name.decode() async for name in self.raw_client.scan_iter(f"{self.prefix}*")]

    async def value(self, name: str) -> bytes:
        """Return what the server holds under *name*."""
        value = await self.raw_client.get(name)
        assert isinstance(value, bytes)
        return value


@pytest.fixture
async def processes(redis_url: str, raw_client: Redis) -> AsyncIterator[Processes]:
    """A server, and as many processes as a test likes."""
    processes = Processes(redis_url, raw_client)
    yield processes
    for store in processes.stores:
        await store.aclose()


async def test_the_second_process_answers_without_a_call(processes: Processes) -> None:
    """What one was told, the other knows."""
    first, second = processes.process(), processes.process()
    assert await first.verdict() == await second.verdict() == claims_of("token")
    assert (first.issuer.calls, second.issuer.calls) == (1, 0)


async def test_a_copy_and_a_copy_of_it_end_when_the_first_one_does(processes: Processes) -> None:
    """However late it was made, in whatever process."""
    first, second, third = (processes.process() for _ in range(3))
    for process, age in ((first, 0), (second, 59), (third, 59.9)):
        processes.clock.now = 1_750_000_000 + age
        assert await process.verdict() == claims_of("token")
    assert (second.issuer.calls, third.issuer.calls) == (0, 0)
    processes.clock.now = 1_750_000_000 + 60
    for process, asked in ((third, 1), (second, 0), (first, 1)):
        assert await process.verdict() == claims_of("token")
        assert process.issuer.calls == asked


async def test_inactive_tokens_are_not_shared(processes: Processes) -> None:
    """Garbage fills no server; each process remembers its own."""
    first, second = processes.process(), processes.process()
    first.issuer.script = second.issuer.script = always(INACTIVE)
    assert await first.verdict() == await second.verdict() == Reason.INACTIVE
    assert (first.issuer.calls, second.issuer.calls) == (1, 1)
    assert await processes.names() == []


async def test_what_the_server_holds_names_no_token(processes: Processes) -> None:
    """A digest for a key, JSON under a seal for a value."""
    token = uuid.uuid4().hex
    await processes.process().verdict(token)
    (name,) = await processes.names()
    value = await processes.value(name)
    assert len(name.removeprefix(processes.prefix)) == 64
    assert token.encode() not in name.encode() + value
    assert b'"claims": {"iss": "https://issuer.test"' in value


# ── whoever can write to the server ──────────────────────────────────────────────────────────


def unsealed(value: bytes) -> bytes:
    """What the seal was on."""
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
async def test_a_tampered_value_is_a_miss_and_an_event(
    processes: Processes, forge: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    """The issuer is asked, its answer counts, and takes the place of the forged one."""
    await processes.process().verdict()
    (name,) = await processes.names()
    await processes.raw_client.set(name, forge(await processes.value(name)))
    second, third = processes.process(), processes.process()
    assert await second.verdict() == claims_of("token")
    assert second.issuer.calls == 1
    assert caplog.messages == [NO_SEAL]
    assert await third.verdict() == claims_of("token")
    assert third.issuer.calls == 0


async def test_a_forged_identity_is_a_miss_and_an_event(
    processes: Processes, caplog: pytest.LogCaptureFixture
) -> None:
    """Without our key nobody mints one, though he has the whole library."""
    forger = processes.process(FOREIGN)
    forger.issuer.script = always(claims_of("token", sub="admin", scope="root"))
    await forger.verdict()
    assert await processes.process().verdict() == claims_of("token")
    assert caplog.messages == [NO_SEAL]


async def test_a_verdict_that_was_moved_is_a_miss_and_an_event(
    processes: Processes, caplog: pytest.LogCaptureFixture
) -> None:
    """A good token's verdict under the name of a bad token says nothing."""
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


async def test_a_verdict_that_is_too_old_is_a_miss_and_an_event(
    processes: Processes, caplog: pytest.LogCaptureFixture
) -> None:
    """Brought back, or never forgotten: the reader's clock counts, not the server's."""
    await processes.process().verdict()
    (name,) = await processes.names()
    await processes.raw_client.persist(name)
    processes.clock.now += 120
    second = processes.process()
    second.issuer.script = always(INACTIVE)
    assert await second.verdict() == Reason.INACTIVE
    assert caplog.messages == [TOO_OLD]


# ── a server that is ill ─────────────────────────────────────────────────────────────────────


async def test_without_the_server_the_service_goes_on() -> None:
    """Each process knows what it was told itself."""
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
    """What a request with *token* gives, in sickness and in health."""
    return Reason.INACTIVE if "bad" in token else claims_of(token)


@pytest.mark.needs("valkey-server")
async def test_a_server_that_is_killed_under_load_fails_nobody(server: ValkeyServer) -> None:
    """Killed and started again while requests go on: no good token is refused, none is an error."""
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
                answer = await process.verdict(token)
                if answer != expected(token):
                    wrong.append(answer)
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
