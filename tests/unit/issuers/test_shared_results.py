"""SharedResults: lifetimes by the clock of the store, and one introspection for all processes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from oauth_guard.errors import IssuerUnavailable, Reason, StoreUnavailable
from oauth_guard.interfaces import StoredValue
from oauth_guard.stores.memory import MemoryStore
from oauth_guard.stores.sealed import SealedStore
from tests.builders.clock import FakeClock
from tests.builders.introspection_cache import INACTIVE, IntrospectionCacheHarness
from tests.builders.scripted_issuer import always, claims_of

SECRET = b"s" * 32


class BrokenStore:
    """A memory store in which one operation fails.

    Args:
        broken: The name of the operation.
    """

    def __init__(self, broken: str) -> None:
        self._broken = broken
        self._store = MemoryStore()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def fail(*_: Any) -> None:
            raise StoreUnavailable("broken")

        operation: Callable[..., Any] = getattr(self._store, name)
        return fail if name == self._broken else operation


class LeaselessStore(MemoryStore):
    """A store whose leases are all lost."""

    async def lease(self, key: bytes, seconds: float) -> bool:  # noqa: ARG002
        """Return True each time."""
        return True


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("ahead", [-30, -3, 0, 3, 30, 3600])
@pytest.mark.parametrize("cached_at", [0, 0.5, 30, 59.5])
@pytest.mark.parametrize("set_back", [0, 20])
async def test_clock_of_another_process_does_not_lengthen_a_result(
    ahead: float, cached_at: float, set_back: float, sealed: bool
) -> None:
    """A revoked token is rejected after `cache_for` by the store's clock, however clocks differ."""
    steady, wall = FakeClock(0), FakeClock()
    inner = MemoryStore(clock=steady)
    fast = FakeClock(wall.now + ahead)
    stores = [SealedStore(inner, SECRET, clock=each) if sealed else inner for each in (fast, wall)]
    writer = IntrospectionCacheHarness(stores[0], clock=fast)
    reader = IntrospectionCacheHarness(stores[1], clock=wall)
    assert await writer.verdict() == claims_of("token")
    reader.issuer.script = always(INACTIVE)
    wall.now += cached_at
    steady.now += cached_at
    accepted = await reader.verdict() == claims_of("token")
    assert accepted or ahead > cached_at or -ahead + cached_at >= 60
    wall.now -= set_back
    while steady.now < 61:
        steady.now += 0.5
        wall.now += 0.5
        accepted = await reader.verdict() == claims_of("token")
        assert not accepted or steady.now < 60 + set_back


async def test_processes_that_meet_a_token_together_introspect_once() -> None:
    """The others wait for the result of the one that has the lease."""
    store = MemoryStore()
    processes = [IntrospectionCacheHarness(store) for _ in range(4)]
    gates = [process.issuer.block() for process in processes]
    verdicts = [asyncio.create_task(process.verdict()) for process in processes]
    await asyncio.sleep(0.05)
    for gate in gates:
        gate.set()
    assert await asyncio.gather(*verdicts) == [claims_of("token")] * 4
    assert sum(process.issuer.calls for process in processes) == 1


@pytest.mark.parametrize(
    "outcome", [INACTIVE, IssuerUnavailable("https://issuer.test", Reason.TIMED_OUT)]
)
async def test_outcome_that_is_not_shared_ends_the_lease(outcome: Any) -> None:
    """A process that waits then introspects itself, without the rest of the wait."""
    store = MemoryStore()
    first, second = (IntrospectionCacheHarness(store) for _ in range(2))
    first.issuer.script = always(outcome)
    gate = first.issuer.block()
    failing = asyncio.create_task(first.verdict())
    await asyncio.sleep(0.01)
    waiting = asyncio.create_task(second.verdict())
    await asyncio.sleep(0.01)
    gate.set()
    started_at = time.monotonic()
    assert await failing == outcome.reason
    assert await waiting == claims_of("token")
    assert time.monotonic() - started_at < 0.4
    assert (first.issuer.calls, second.issuer.calls) == (1, 1)


async def test_process_waits_at_most_a_third_of_the_deadline() -> None:
    """Then it introspects, whatever the process with the lease does."""
    store = MemoryStore()
    first, second = (IntrospectionCacheHarness(store) for _ in range(2))
    gate = first.issuer.block()
    blocked = asyncio.create_task(first.verdict())
    await asyncio.sleep(0.01)
    started_at = time.monotonic()
    assert await second.verdict() == claims_of("token")
    assert 0.4 < time.monotonic() - started_at < 1.5
    gate.set()
    assert await blocked == claims_of("token")
    assert (first.issuer.calls, second.issuer.calls) == (1, 1)


async def test_lease_of_a_process_that_died_ends_by_itself() -> None:
    """Nothing has to release it."""
    clock = FakeClock()
    store = MemoryStore(clock=clock)
    first, second = (IntrospectionCacheHarness(store) for _ in range(2))
    first.issuer.block()
    died = asyncio.create_task(first.verdict())
    await asyncio.sleep(0.01)
    clock.now += 2
    started_at = time.monotonic()
    assert await second.verdict() == claims_of("token")
    assert time.monotonic() - started_at < 0.4
    await first.validator.aclose()
    assert await died == Reason.UNREACHABLE


async def test_lost_lease_costs_an_introspection_and_changes_no_result() -> None:
    """Each process introspects, and each result is right."""
    store = LeaselessStore()
    processes = [IntrospectionCacheHarness(store) for _ in range(3)]
    gates = [process.issuer.block() for process in processes]
    verdicts = [asyncio.create_task(process.verdict()) for process in processes]
    await asyncio.sleep(0.01)
    for gate in gates:
        gate.set()
    assert await asyncio.gather(*verdicts) == [claims_of("token")] * 3
    assert [process.issuer.calls for process in processes] == [1, 1, 1]


@pytest.mark.parametrize("broken", ["get", "put", "lease"])
async def test_unavailable_store_delays_nothing(broken: str) -> None:
    """Whichever operation fails, the issuer is asked without a wait."""
    store = BrokenStore(broken)
    started_at = time.monotonic()
    for _ in range(2):
        assert await IntrospectionCacheHarness(store).verdict() == claims_of("token")
    assert time.monotonic() - started_at < 0.6 + (broken == "put")


class FaultyStore(MemoryStore):
    """A store of the user's own in which one operation does something else.

    Args:
        name: The name of the operation.
        fault: What it does instead.
    """

    def __init__(self, name: str, fault: Callable[[], Awaitable[Any]]) -> None:
        super().__init__()
        self.calls = 0

        async def operation(*_: Any) -> Any:
            self.calls += 1
            return await fault()

        setattr(self, name, operation)


def _raising(error: Exception) -> Callable[[], Awaitable[Any]]:
    async def fault() -> None:
        raise error

    return fault


def _returning(value: object) -> Callable[[], Awaitable[Any]]:
    async def fault() -> object:
        return value

    return fault


@pytest.mark.parametrize("operation", ["get", "put", "lease"])
@pytest.mark.parametrize(
    "error",
    [ValueError(), KeyError("secret"), OSError(), TimeoutError(), TypeError(), RecursionError()],
    ids=lambda error: type(error).__name__,
)
async def test_store_that_raises_is_logged_and_rests(
    operation: str, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """Each request gets its result; the text of the error is not logged."""
    store = FaultyStore(operation, _raising(error))
    harness = IntrospectionCacheHarness(store)
    for token in ("token", "another", "third"):
        assert await harness.verdict(token) == claims_of(token)
    assert store.calls == 1
    assert caplog.messages == [f"store: an operation failed: {type(error).__name__}"]


@pytest.mark.parametrize(
    "value",
    [
        *("text", b"bytes", 5, True, (b"", 5), {}, StoredValue(b"{}", 5)),
        *(StoredValue(None, 5), StoredValue("{}", 5)),  # type: ignore[arg-type] # as a store may
        *(StoredValue(b"{}", seconds) for seconds in (float("nan"), 0, -1, "5", None, True)),  # type: ignore[arg-type] # likewise
    ],
    ids=repr,
)
async def test_value_of_another_type_is_not_used(value: object) -> None:
    """The issuer is asked instead."""
    harness = IntrospectionCacheHarness(FaultyStore("get", _returning(value)))
    assert await harness.verdict() == claims_of("token")
    assert harness.issuer.calls == 1


@pytest.mark.parametrize("seconds", [float("nan"), 0, -1, True, "5"], ids=repr)
async def test_stored_result_of_a_wrong_lifetime_is_not_used(seconds: Any) -> None:
    """NaN would compare as no limit."""

    class WrongLifetimes(MemoryStore):
        async def get(self, key: bytes) -> StoredValue | None:
            stored = await super().get(key)
            return stored and StoredValue(stored.value, seconds)

    store = WrongLifetimes()
    assert await IntrospectionCacheHarness(store).verdict() == claims_of("token")
    harness = IntrospectionCacheHarness(store)
    assert await harness.verdict() == claims_of("token")
    assert harness.issuer.calls == 1


async def test_store_that_never_returns_delays_one_request_for_two_seconds() -> None:
    """The next one does not use it."""
    store = FaultyStore("get", asyncio.Event().wait)
    harness = IntrospectionCacheHarness(store)
    started_at = time.monotonic()
    for token in ("token", "another"):
        assert await harness.verdict(token) == claims_of(token)
    assert 2 <= time.monotonic() - started_at < 3.5
    assert store.calls == 1


async def test_short_lived_result_does_not_leave_its_lease_behind() -> None:
    """With `cache_for` of a second, the next introspection waits for nobody."""
    clock = FakeClock()
    store = MemoryStore(clock=clock)
    first, second = (IntrospectionCacheHarness(store, clock=clock, cache_for=1) for _ in range(2))
    assert await first.verdict() == claims_of("token")
    clock.now += 1
    started_at = time.monotonic()
    assert await second.verdict() == claims_of("token")
    assert time.monotonic() - started_at < 0.4
    assert (first.issuer.calls, second.issuer.calls) == (1, 1)


async def test_value_without_a_lifetime_is_not_used() -> None:
    """A store may return one that ends at this moment."""

    class EndingStore(MemoryStore):
        async def get(self, key: bytes) -> StoredValue | None:
            stored = await super().get(key)
            return stored and StoredValue(stored.value, 0)

    store = EndingStore()
    first, second = (IntrospectionCacheHarness(store) for _ in range(2))
    assert await first.verdict() == await second.verdict() == claims_of("token")
    assert (first.issuer.calls, second.issuer.calls) == (1, 1)


async def test_concurrent_requests_read_the_store_at_most_twice() -> None:
    """The first one reads it, and the others share an attempt that does."""
    reads = 0

    class CountingStore(MemoryStore):
        async def get(self, key: bytes) -> StoredValue | None:
            nonlocal reads
            reads += 1
            await asyncio.sleep(0.01)
            return await super().get(key)

    store = CountingStore()
    first, second = (IntrospectionCacheHarness(store) for _ in range(2))
    assert await first.verdict() == claims_of("token")
    reads = 0
    assert (
        await asyncio.gather(*(second.verdict() for _ in range(100))) == [claims_of("token")] * 100
    )
    assert reads <= 2
    assert second.issuer.calls == 0
