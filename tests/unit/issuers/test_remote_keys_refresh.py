"""Keys stay here without a request: refreshed ahead by a timer, which ends with its owner."""

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
A_WHILE = 0.5  # several short lifetimes


def ageing(times: JWKSCache = SHORT) -> JWTIssuerHarness:
    """Return a harness whose keys age as fast as the clock on the wall."""
    return JWTIssuerHarness(jwks_cache=times, clock=time.monotonic, jwks_uri=f"{ISSUER}/jwks")


async def becomes_true(condition: Callable[[], bool]) -> bool:
    """Wait until *condition* holds; nobody wakes us, as nobody asked for anything."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - there is no event for what we wait for
            await asyncio.sleep(0.01)
    return True


async def test_keys_that_nobody_uses_stay_fresh() -> None:
    """A quiet hour does not end readiness, so a probe that watches it does not shut us off."""
    harness = ageing(JWKSCache(max_age=0.1, stale_if_error=10))
    harness.issuer.start()
    assert await becomes_true(lambda: harness.fetches > 3)
    assert harness.issuer.ready
    await harness.issuer.aclose()


async def test_readiness_returns_without_a_request() -> None:
    """Where a probe keeps requests away until the keys are here, nobody else would ask."""
    harness = ageing(JWKSCache())
    harness.local.outage = refuse_connection
    harness.issuer.start()
    await wait_for_background_tasks()
    assert not harness.issuer.ready
    harness.local.outage = None
    assert await becomes_true(lambda: harness.issuer.ready)
    await harness.issuer.aclose()


async def test_a_request_is_enough_to_keep_keys_fresh() -> None:
    """Where there is no lifespan, what the first request opened goes on."""
    harness = ageing()
    assert await harness.verdict() == GOOD
    assert await becomes_true(lambda: harness.fetches > 3)
    await harness.issuer.aclose()


async def test_nothing_is_fetched_before_it_is_due() -> None:
    """The clock that was handed in decides, however much time has passed elsewhere."""
    harness = JWTIssuerHarness(jwks_cache=SHORT, jwks_uri=f"{ISSUER}/jwks")
    harness.issuer.start()
    await asyncio.sleep(A_WHILE)
    assert harness.fetches == 1
    harness.clock.advance(0.09)
    assert await becomes_true(lambda: harness.fetches == 2)
    await harness.issuer.aclose()


async def test_nothing_is_fetched_after_closing() -> None:
    """Whoever closes it hears no more of it, until it is used again."""
    harness = ageing()
    assert await harness.verdict() == GOOD
    await harness.issuer.aclose()
    fetches = harness.fetches
    await asyncio.sleep(A_WHILE)
    assert harness.fetches == fetches
    harness.issuer.start()
    assert await becomes_true(lambda: harness.fetches > fetches)
    await harness.issuer.aclose()


async def test_an_issuer_that_nobody_holds_fetches_no_more() -> None:
    """Forgetting to close one does not keep it alive."""
    harness = ageing()
    assert await harness.verdict() == GOOD
    await wait_for_background_tasks()
    forgotten = weakref.ref(harness.issuer)
    del harness.issuer
    gc.collect()
    assert forgotten() is None
    fetches = harness.fetches
    await asyncio.sleep(A_WHILE)
    assert harness.fetches == fetches


def test_keys_stay_fresh_under_the_next_event_loop_too() -> None:
    """Starting with keys that are here fetches nothing, but minds their end."""
    harness = ageing(JWKSCache(max_age=3))

    async def start() -> int:
        harness.issuer.start()
        await wait_for_background_tasks()
        return harness.fetches

    async def start_and_wait() -> bool:
        assert await start() == 1
        return await becomes_true(lambda: harness.fetches == 2)

    assert asyncio.run(start()) == 1
    assert asyncio.run(start_and_wait())
