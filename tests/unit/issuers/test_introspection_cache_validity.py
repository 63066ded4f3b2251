"""A remembered token tells whether a request would find it, and is believed no longer."""

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


async def stands(harness: IntrospectionCacheHarness, token: str = "token") -> Callable[[], bool]:
    """Return what tells whether *token* is remembered, after it was asked about."""
    found = await harness.validator.validate(RawToken(token))
    assert found.is_current is not None
    return found.is_current


async def nothing(_scene: IntrospectionCacheHarness) -> None:
    """Let nothing happen."""


async def a_minute_passes(harness: IntrospectionCacheHarness) -> None:
    """Go to the end of what may be remembered."""
    harness.clock.now += 60


async def almost_a_minute_passes(harness: IntrospectionCacheHarness) -> None:
    """Go up to the end of what may be remembered."""
    harness.clock.now += 59.9


async def the_clock_is_set_back(harness: IntrospectionCacheHarness) -> None:
    """Go where no age can be told."""
    harness.clock.now -= 0.1


async def it_is_refused(harness: IntrospectionCacheHarness) -> None:
    """Learn that it is inactive now."""
    harness.issuer.script = always(INACTIVE)
    await harness.introspected()


async def it_is_confirmed(harness: IntrospectionCacheHarness) -> None:
    """Learn the same anew: another answer counts from now on."""
    harness.clock.now += 1
    await harness.introspected()


async def an_outage(harness: IntrospectionCacheHarness) -> None:
    """Learn nothing."""
    harness.issuer.script = always(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await harness.introspected()


async def others_are_used(harness: IntrospectionCacheHarness) -> None:
    """Fill the memory."""
    await harness.verdict("other")
    await harness.verdict("another")


@pytest.mark.parametrize(
    ("happens", "expected"),
    [
        pytest.param(nothing, True, id="nothing"),
        pytest.param(almost_a_minute_passes, True, id="almost a minute"),
        pytest.param(a_minute_passes, False, id="a minute"),
        pytest.param(the_clock_is_set_back, False, id="a clock that was set back"),
        pytest.param(it_is_refused, False, id="a newer no"),
        pytest.param(it_is_confirmed, False, id="a newer yes"),
        pytest.param(an_outage, True, id="an outage"),
        pytest.param(others_are_used, False, id="forgotten for others"),
    ],
)
async def test_it_stands_as_long_as_it_is_remembered(
    happens: Callable[[IntrospectionCacheHarness], Awaitable[None]], expected: bool
) -> None:
    """And nothing that is asked of it is asked of the issuer."""
    harness = IntrospectionCacheHarness(max_entries=2)
    standing = await stands(harness)
    await happens(harness)
    asked = harness.issuer.calls
    assert standing() is expected
    assert harness.issuer.calls == asked


async def test_it_ends_with_its_token() -> None:
    """Though a minute has not passed."""
    harness = IntrospectionCacheHarness()
    harness.issuer.script = always(claims_of("token", exp=harness.clock.now + 10))
    standing = await stands(harness)
    harness.clock.now += 9.9
    assert standing()
    harness.clock.now += 0.1
    assert not standing()


async def test_the_clock_on_the_wall_counts_too() -> None:
    """A good answer ends to the second, whatever the monotonic one says."""
    wall = FakeClock()
    validator = IntrospectionCache(ScriptedIssuer(), clock=wall, monotonic=FakeClock(0))
    token = await validator.validate(RawToken("token"))
    assert token.is_current is not None
    wall.now += 60
    assert not token.is_current()


async def test_monotonic_seconds_count_too() -> None:
    """A clock that stands still lengthens no life."""
    steady = FakeClock(0)
    validator = IntrospectionCache(ScriptedIssuer(), clock=FakeClock(), monotonic=steady)
    token = await validator.validate(RawToken("token"))
    assert token.is_current is not None
    assert token.is_current()
    steady.now += 60
    assert not token.is_current()


async def test_to_ask_is_to_use() -> None:
    """What is served without a look-up is not what was not used for longest."""
    harness = IntrospectionCacheHarness(max_entries=2)
    standing = await stands(harness)
    await harness.verdict("other")
    assert standing()
    await harness.verdict("another")
    assert standing()
    asked = harness.issuer.calls
    await harness.verdict()
    assert harness.issuer.calls == asked


async def test_a_shared_answer_stands_here() -> None:
    """From the moment it had where it was asked for."""
    store, clock = MemoryStore(), FakeClock()
    await IntrospectionCacheHarness(store, clock=clock).verdict()
    here = IntrospectionCacheHarness(store, clock=clock)
    clock.now += 20
    standing = await stands(here)
    assert here.issuer.calls == 0
    clock.now += 39.9
    assert standing()
    clock.now += 0.1
    assert not standing()


@pytest.mark.parametrize("seconds", [0, -1], ids=["asked each time", "expired"])
async def test_what_is_not_remembered_has_nothing_to_tell(seconds: float) -> None:
    """Whoever wants to know asks anew."""
    harness = IntrospectionCacheHarness(cache_for=60 if seconds else 0)
    harness.issuer.script = always(claims_of("token", exp=harness.clock.now + seconds))
    token = await harness.validator.validate(RawToken("token"))
    assert token.is_current is None


async def test_an_answer_that_was_overtaken_has_nothing_to_tell() -> None:
    """It serves who asked for it, and nobody after him."""
    harness = IntrospectionCacheHarness()
    held = harness.issuer.block()
    late = asyncio.create_task(harness.validator.validate(RawToken("token"), introspect=True))
    await run_pending_tasks()
    harness.issuer.unblock()
    harness.clock.now += 1
    standing = await stands(harness)
    held.set()
    assert (await late).is_current is None
    assert standing()


async def test_of_two_issuers_with_one_token_each_tells_for_itself() -> None:
    """One that forgets does not speak for another."""
    harnesses = [IntrospectionCacheHarness(), IntrospectionCacheHarness()]
    standing = [await stands(harness) for harness in harnesses]
    harnesses[0].issuer.script = always(INACTIVE)
    await verdict(harnesses[0].validator, "token", introspect=True)
    assert [each() for each in standing] == [False, True]
