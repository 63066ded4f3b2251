"""The newest answer counts: what was asked before it says nothing any longer, however late."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from oauth_guard.errors import Reason
from oauth_guard.stores.memory import MemoryStore
from tests.builders.clock import FakeClock
from tests.builders.introspection_cache import INACTIVE, IntrospectionCacheHarness
from tests.builders.scripted_issuer import always, claims_of, run_pending_tasks


async def test_confirm_asks_now_and_what_it_learns_is_remembered() -> None:
    """Here and where others look: a token that was revoked is good nowhere that asks anew."""
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


async def test_confirm_brings_down_what_was_shared_even_with_no_time_to_remember() -> None:
    """An older good answer does not come back."""
    store = MemoryStore()
    harness = IntrospectionCacheHarness(store, inactive_for=0)
    await harness.verdict()
    harness.issuer.script = always(INACTIVE)
    assert await harness.introspected() == Reason.INACTIVE
    assert await harness.verdict() == Reason.INACTIVE
    assert harness.issuer.calls == 3


async def test_an_older_no_does_not_come_back_after_a_newer_yes() -> None:
    """Though it would have been remembered for longer."""
    harness = IntrospectionCacheHarness(inactive_for=300)
    harness.issuer.script = always(INACTIVE)
    assert await harness.verdict() == Reason.INACTIVE
    harness.issuer.script = claims_of
    harness.clock.now += 1
    assert await harness.introspected() == claims_of("token")
    harness.clock.now += 60
    assert await harness.verdict() == claims_of("token")


@asynccontextmanager
async def slow(
    harness: IntrospectionCacheHarness, *, confirms: bool = False
) -> AsyncIterator[asyncio.Task[object]]:
    """Yield a question that was asked before the token was revoked; at the end it is answered."""
    held = harness.issuer.block()
    ask = harness.introspected if confirms else harness.verdict
    asking = asyncio.create_task(ask())
    await run_pending_tasks()
    harness.issuer.unblock()
    harness.issuer.script = always(INACTIVE)
    harness.clock.now += 1
    yield asking
    held.set()
    assert await asking == claims_of("token")


@pytest.mark.parametrize("shares", [False, True], ids=["alone", "with a store"])
@pytest.mark.parametrize("inactive_for", [0, 5], ids=["inactive is forgotten", "is remembered"])
@pytest.mark.parametrize("confirms", [False, True], ids=["a request", "a confirmation"])
async def test_a_slow_answer_does_not_replace_a_newer_one(
    confirms: bool, inactive_for: float, shares: bool
) -> None:
    """A token that was heard to be revoked is good never again, here or where others look."""
    store, clock = MemoryStore() if shares else None, FakeClock()
    harness = IntrospectionCacheHarness(store, clock=clock, inactive_for=inactive_for)
    async with slow(harness, confirms=confirms):
        assert await harness.introspected() == Reason.INACTIVE
    other = IntrospectionCacheHarness(store, clock=clock, inactive_for=inactive_for)
    other.issuer.script = always(INACTIVE)
    for seconds in (0, 4, 2, 30, 20):
        clock.now += seconds
        assert await harness.verdict() == await other.verdict() == Reason.INACTIVE


async def test_a_slow_confirmation_does_not_replace_what_a_request_heard() -> None:
    """Whoever asked last knows best."""
    harness = IntrospectionCacheHarness(inactive_for=0)
    async with slow(harness, confirms=True):
        assert await harness.verdict() == Reason.INACTIVE
    assert await harness.verdict() == Reason.INACTIVE


async def test_what_another_process_shared_too_late_is_not_believed() -> None:
    """It did not hear of the revocation; who did asks again."""
    store, clock = MemoryStore(), FakeClock()
    here, there = (
        IntrospectionCacheHarness(store, clock=clock),
        IntrospectionCacheHarness(store, clock=clock),
    )
    here.issuer.script = always(INACTIVE)
    async with slow(there):
        assert await here.introspected() == Reason.INACTIVE
    clock.now += 6
    assert await here.verdict() == Reason.INACTIVE
    assert here.issuer.calls == 2


async def test_a_token_that_is_good_again_is_remembered_again() -> None:
    """Only older answers are held off."""
    harness = IntrospectionCacheHarness(MemoryStore(), inactive_for=0)
    harness.issuer.script = always(INACTIVE)
    assert await harness.introspected() == Reason.INACTIVE
    harness.issuer.script = claims_of
    harness.clock.now += 1
    for _ in range(3):
        assert await harness.verdict() == claims_of("token")
    assert harness.issuer.calls == 2


async def test_after_a_clock_was_set_back_new_answers_count() -> None:
    """What bears a moment that is yet to come holds off nothing."""
    harness = IntrospectionCacheHarness()
    harness.issuer.script = always(INACTIVE)
    assert await harness.introspected() == Reason.INACTIVE
    harness.issuer.script = claims_of
    harness.clock.now -= 30
    for _ in range(3):
        assert await harness.verdict() == claims_of("token")
    assert harness.issuer.calls == 2
