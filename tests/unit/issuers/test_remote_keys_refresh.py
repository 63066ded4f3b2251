"""RemoteKeySet: the timer that refreshes keys without requests, and when it ends."""

import asyncio
import gc
import time
import weakref
from collections.abc import Callable

from oauth_guard.issuers.remote_keys import JWKSCache
from tests.builders.jwt_issuer import (
    GOOD,
    ISSUER,
    JWTIssuerHarness,
    refuse_connection,
    wait_for_background_tasks,
)

SHORT = JWKSCache(max_age=0.1)
HALF_A_SECOND = 0.5  # several times the short max_age


def real_time_harness(cache: JWKSCache = SHORT) -> JWTIssuerHarness:
    """Return a harness whose clock is the real monotonic clock."""
    return JWTIssuerHarness(jwks_cache=cache, clock=time.monotonic, jwks_uri=f"{ISSUER}/jwks")


async def becomes_true(condition: Callable[[], bool]) -> bool:
    """Poll until *condition* is true, and return True."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - there is no event to await
            await asyncio.sleep(0.01)
    return True


async def test_unused_keys_are_refreshed() -> None:
    """Without requests the issuer stays ready, so a readiness probe does not fail."""
    harness = real_time_harness(JWKSCache(max_age=0.1, stale_if_error=10))
    harness.issuer.start()
    assert await becomes_true(lambda: harness.fetches > 3)
    assert harness.issuer.ready
    await harness.issuer.aclose()


async def test_issuer_becomes_ready_after_an_outage_without_a_request() -> None:
    """A readiness probe keeps requests away until then, so only the timer can retry."""
    harness = real_time_harness(JWKSCache())
    harness.local.outage = refuse_connection
    harness.issuer.start()
    await wait_for_background_tasks()
    assert not harness.issuer.ready
    harness.local.outage = None
    assert await becomes_true(lambda: harness.issuer.ready)
    await harness.issuer.aclose()


async def test_first_request_starts_the_refresh_timer() -> None:
    """An application without lifespan events does not call `start`."""
    harness = real_time_harness()
    assert await harness.verdict() == GOOD
    assert await becomes_true(lambda: harness.fetches > 3)
    await harness.issuer.aclose()


async def test_no_fetch_happens_before_a_refresh_is_due_by_the_given_clock() -> None:
    """Real time does not matter."""
    harness = JWTIssuerHarness(jwks_cache=SHORT, jwks_uri=f"{ISSUER}/jwks")
    harness.issuer.start()
    await asyncio.sleep(HALF_A_SECOND)
    assert harness.fetches == 1
    harness.clock.advance(0.09)
    assert await becomes_true(lambda: harness.fetches == 2)
    await harness.issuer.aclose()


async def test_no_fetch_happens_after_aclose_until_the_next_use() -> None:
    """Closing cancels the timer."""
    harness = real_time_harness()
    assert await harness.verdict() == GOOD
    await harness.issuer.aclose()
    fetches = harness.fetches
    await asyncio.sleep(HALF_A_SECOND)
    assert harness.fetches == fetches
    harness.issuer.start()
    assert await becomes_true(lambda: harness.fetches > fetches)
    await harness.issuer.aclose()


async def test_unreferenced_issuer_is_garbage_collected_and_does_not_fetch() -> None:
    """The timer keeps no reference to it, so one that was not closed is freed."""
    harness = real_time_harness()
    assert await harness.verdict() == GOOD
    await wait_for_background_tasks()
    reference = weakref.ref(harness.issuer)
    del harness.issuer
    gc.collect()
    assert reference() is None
    fetches = harness.fetches
    await asyncio.sleep(HALF_A_SECOND)
    assert harness.fetches == fetches


def test_start_with_cached_keys_schedules_a_refresh_in_the_next_event_loop() -> None:
    """It does not fetch the keys."""
    harness = real_time_harness(JWKSCache(max_age=3))

    async def start() -> int:
        harness.issuer.start()
        await wait_for_background_tasks()
        return harness.fetches

    async def start_and_wait() -> bool:
        assert await start() == 1
        return await becomes_true(lambda: harness.fetches == 2)

    assert asyncio.run(start()) == 1
    assert asyncio.run(start_and_wait())
