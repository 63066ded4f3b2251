"""IntrospectionCache: a result is superseded by one that was requested later."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from oauth_guard.errors import Reason
from oauth_guard.stores.memory import MemoryStore
from tests.builders.clock import FakeClock
from tests.builders.introspection_cache import INACTIVE, IntrospectionCacheHarness
from tests.builders.scripted_issuer import always, claims_of, run_pending_tasks


async def test_introspected_result_replaces_the_cached_and_the_shared_one() -> None:
    """A revoked token is then rejected here and in processes that have not cached it."""
    store = MemoryStore()
    here, there = IntrospectionCacheHarness(store), IntrospectionCacheHarness(store)
    assert await here.verdict() == claims_of("token")
    here.issuer.script = there.issuer.script = always(INACTIVE)
    assert await here.verdict() == claims_of("token")
    assert await here.introspected() == Reason.INACTIVE
    assert await here.verdict() == Reason.INACTIVE
    assert await there.verdict() == Reason.INACTIVE
    assert (here.issuer.calls, there.issuer.calls) == (2, 0)
    here.issuer.script = claims_of
    assert await here.introspected() == claims_of("token")
    assert await here.verdict() == claims_of("token")


async def test_inactive_result_removes_the_shared_one_if_inactive_results_are_not_cached() -> None:
    """An older active result does not come back."""
    store = MemoryStore()
    harness = IntrospectionCacheHarness(store, inactive_for=0)
    await harness.verdict()
    harness.issuer.script = always(INACTIVE)
    assert await harness.introspected() == Reason.INACTIVE
    assert await harness.verdict() == Reason.INACTIVE
    assert harness.issuer.calls == 3


async def test_older_inactive_result_is_not_used_after_a_newer_active_one() -> None:
    """Though it would have been cached for longer."""
    harness = IntrospectionCacheHarness(inactive_for=300)
    harness.issuer.script = always(INACTIVE)
    assert await harness.verdict() == Reason.INACTIVE
    harness.issuer.script = claims_of
    harness.clock.now += 1
    assert await harness.introspected() == claims_of("token")
    harness.clock.now += 60
    assert await harness.verdict() == claims_of("token")


@asynccontextmanager
async def slow_request(
    harness: IntrospectionCacheHarness, *, introspect: bool = False
) -> AsyncIterator[asyncio.Task[object]]:
    """Yield a request that started before the token was revoked, and lets it end afterwards."""
    gate = harness.issuer.block()
    validate = harness.introspected if introspect else harness.verdict
    pending = asyncio.create_task(validate())
    await run_pending_tasks()
    harness.issuer.unblock()
    harness.issuer.script = always(INACTIVE)
    harness.clock.now += 1
    yield pending
    gate.set()
    assert await pending == claims_of("token")


@pytest.mark.parametrize("shares", [False, True], ids=["alone", "with a store"])
@pytest.mark.parametrize("inactive_for", [0, 5], ids=["inactive is not cached", "is cached"])
@pytest.mark.parametrize("introspect", [False, True], ids=["a request", "an introspection"])
async def test_late_result_does_not_replace_a_newer_one(
    introspect: bool, inactive_for: float, shares: bool
) -> None:
    """A revoked token is never accepted again, here or through the store."""
    store, clock = MemoryStore() if shares else None, FakeClock()
    harness = IntrospectionCacheHarness(store, clock=clock, inactive_for=inactive_for)
    async with slow_request(harness, introspect=introspect):
        assert await harness.introspected() == Reason.INACTIVE
    other = IntrospectionCacheHarness(store, clock=clock, inactive_for=inactive_for)
    other.issuer.script = always(INACTIVE)
    for seconds in (0, 4, 2, 30, 20):
        clock.now += seconds
        assert await harness.verdict() == await other.verdict() == Reason.INACTIVE


async def test_late_introspection_does_not_replace_the_newer_result_of_a_request() -> None:
    """The order of the requests counts, not their kind."""
    harness = IntrospectionCacheHarness(inactive_for=0)
    async with slow_request(harness, introspect=True):
        assert await harness.verdict() == Reason.INACTIVE
    assert await harness.verdict() == Reason.INACTIVE


async def test_shared_result_older_than_a_known_refusal_is_not_used() -> None:
    """The process that knows of the revocation introspects again."""
    store, clock = MemoryStore(), FakeClock()
    here, there = (
        IntrospectionCacheHarness(store, clock=clock),
        IntrospectionCacheHarness(store, clock=clock),
    )
    here.issuer.script = always(INACTIVE)
    async with slow_request(there):
        assert await here.introspected() == Reason.INACTIVE
    clock.now += 6
    assert await here.verdict() == Reason.INACTIVE
    assert here.issuer.calls == 2


async def test_token_that_is_active_again_is_cached_again() -> None:
    """Only older results are superseded."""
    harness = IntrospectionCacheHarness(MemoryStore(), inactive_for=0)
    harness.issuer.script = always(INACTIVE)
    assert await harness.introspected() == Reason.INACTIVE
    harness.issuer.script = claims_of
    harness.clock.now += 1
    for _ in range(3):
        assert await harness.verdict() == claims_of("token")
    assert harness.issuer.calls == 2


async def test_result_is_cached_after_the_clock_was_set_back() -> None:
    """A cached time that lies in the future supersedes nothing."""
    harness = IntrospectionCacheHarness()
    harness.issuer.script = always(INACTIVE)
    assert await harness.introspected() == Reason.INACTIVE
    harness.issuer.script = claims_of
    harness.clock.now -= 30
    for _ in range(3):
        assert await harness.verdict() == claims_of("token")
    assert harness.issuer.calls == 2


async def test_late_inactive_result_rejects_its_own_request_alone() -> None:
    """The newer active one stays cached."""
    harness = IntrospectionCacheHarness()
    harness.issuer.script = always(INACTIVE)
    gate = harness.issuer.block()
    pending = asyncio.create_task(harness.introspected())
    await run_pending_tasks()
    harness.issuer.unblock()
    harness.issuer.script = claims_of
    harness.clock.now += 1
    assert await harness.introspected() == claims_of("token")
    gate.set()
    assert await pending == Reason.INACTIVE
    assert await harness.verdict() == claims_of("token")
