"""IntrospectionCache: `is_current` says whether a request would find the cached result."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from oauth_guard.issuers.introspection_cache import IntrospectionCache
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.stores.memory import MemoryStore
from tests.builders.clock import FakeClock
from tests.builders.introspection_cache import INACTIVE, IntrospectionCacheHarness
from tests.builders.scripted_issuer import (
    ScriptedIssuer,
    always,
    claims_of,
    run_pending_tasks,
    verdict,
)


async def is_current_of(
    harness: IntrospectionCacheHarness, token: str = "token"
) -> Callable[[], bool]:
    """Validate *token*, and return the `is_current` of its validation."""
    found = await harness.validator.validate(RawToken(token))
    assert found.is_current is not None
    return found.is_current


async def nothing(_harness: IntrospectionCacheHarness) -> None:
    """Let nothing happen."""


async def a_minute_passes(harness: IntrospectionCacheHarness) -> None:
    """Move the clock to the end of the lifetime."""
    harness.clock.now += 60


async def almost_a_minute_passes(harness: IntrospectionCacheHarness) -> None:
    """Move the clock to just before the end of the lifetime."""
    harness.clock.now += 59.9


async def the_clock_is_set_back(harness: IntrospectionCacheHarness) -> None:
    """Move the clock to where the age of the result is unknown."""
    harness.clock.now -= 0.1


async def it_is_inactive(harness: IntrospectionCacheHarness) -> None:
    """Introspect the token, which is inactive now."""
    harness.issuer.script = always(INACTIVE)
    await harness.introspected()


async def it_is_active(harness: IntrospectionCacheHarness) -> None:
    """Introspect the token, which is still active: a new result replaces the cached one."""
    harness.clock.now += 1
    await harness.introspected()


async def an_outage(harness: IntrospectionCacheHarness) -> None:
    """Introspect the token while the issuer fails."""
    harness.issuer.script = always(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await harness.introspected()


async def others_are_used(harness: IntrospectionCacheHarness) -> None:
    """Fill the cache with other tokens."""
    await harness.verdict("other")
    await harness.verdict("another")


@pytest.mark.parametrize(
    ("happens", "expected"),
    [
        pytest.param(nothing, True, id="nothing"),
        pytest.param(almost_a_minute_passes, True, id="almost a minute"),
        pytest.param(a_minute_passes, False, id="a minute"),
        pytest.param(the_clock_is_set_back, False, id="the clock is set back"),
        pytest.param(it_is_inactive, False, id="a newer inactive result"),
        pytest.param(it_is_active, False, id="a newer active result"),
        pytest.param(an_outage, True, id="an outage"),
        pytest.param(others_are_used, False, id="evicted"),
    ],
)
async def test_validation_is_current_as_long_as_its_result_is_cached(
    happens: Callable[[IntrospectionCacheHarness], Awaitable[None]], expected: bool
) -> None:
    """Finding that out does not call the issuer."""
    harness = IntrospectionCacheHarness(max_entries=2)
    is_current = await is_current_of(harness)
    await happens(harness)
    calls = harness.issuer.calls
    assert is_current() is expected
    assert harness.issuer.calls == calls


async def test_validation_is_not_current_from_exp_on() -> None:
    """Though a minute has not passed."""
    harness = IntrospectionCacheHarness()
    harness.issuer.script = always(claims_of("token", exp=harness.clock.now + 10))
    is_current = await is_current_of(harness)
    harness.clock.now += 9.9
    assert is_current()
    harness.clock.now += 0.1
    assert not is_current()


async def test_validation_expires_by_the_wall_clock() -> None:
    """Though no monotonic second has passed."""
    wall = FakeClock()
    validator = IntrospectionCache(ScriptedIssuer(), clock=wall, monotonic=FakeClock(0))
    token = await validator.validate(RawToken("token"))
    assert token.is_current is not None
    wall.now += 60
    assert not token.is_current()


async def test_validation_expires_by_the_monotonic_clock() -> None:
    """A wall clock that does not advance extends no lifetime."""
    steady = FakeClock(0)
    validator = IntrospectionCache(ScriptedIssuer(), clock=FakeClock(), monotonic=steady)
    token = await validator.validate(RawToken("token"))
    assert token.is_current is not None
    assert token.is_current()
    steady.now += 60
    assert not token.is_current()


async def test_call_of_is_current_counts_as_a_use() -> None:
    """A result that is used without a lookup is not the least recently used one."""
    harness = IntrospectionCacheHarness(max_entries=2)
    is_current = await is_current_of(harness)
    await harness.verdict("other")
    assert is_current()
    await harness.verdict("another")
    assert is_current()
    calls = harness.issuer.calls
    await harness.verdict()
    assert harness.issuer.calls == calls


async def test_shared_result_expires_as_in_the_process_that_requested_it() -> None:
    """Its age counts from the request of the other process."""
    store, clock = MemoryStore(), FakeClock()
    await IntrospectionCacheHarness(store, clock=clock).verdict()
    here = IntrospectionCacheHarness(store, clock=clock)
    clock.now += 20
    is_current = await is_current_of(here)
    assert here.issuer.calls == 0
    clock.now += 39.9
    assert is_current()
    clock.now += 0.1
    assert not is_current()


@pytest.mark.parametrize("seconds", [0, -1], ids=["introspected each time", "expired"])
async def test_validation_that_is_not_cached_has_no_is_current(seconds: float) -> None:
    """So no identity is cached for it."""
    harness = IntrospectionCacheHarness(cache_for=60 if seconds else 0)
    harness.issuer.script = always(claims_of("token", exp=harness.clock.now + seconds))
    token = await harness.validator.validate(RawToken("token"))
    assert token.is_current is None


async def test_superseded_validation_has_no_is_current() -> None:
    """It is used for the request that waited for it, and for no other."""
    harness = IntrospectionCacheHarness()
    gate = harness.issuer.block()
    late = asyncio.create_task(harness.validator.validate(RawToken("token"), introspect=True))
    await run_pending_tasks()
    harness.issuer.unblock()
    harness.clock.now += 1
    is_current = await is_current_of(harness)
    gate.set()
    assert (await late).is_current is None
    assert is_current()


async def test_is_current_of_one_cache_does_not_depend_on_another() -> None:
    """Two caches may contain the same token."""
    harnesses = [IntrospectionCacheHarness(), IntrospectionCacheHarness()]
    is_current = [await is_current_of(harness) for harness in harnesses]
    harnesses[0].issuer.script = always(INACTIVE)
    await verdict(harnesses[0].validator, "token", introspect=True)
    assert [each() for each in is_current] == [False, True]
