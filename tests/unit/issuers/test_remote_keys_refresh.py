"""Keys stay here without a request: refreshed ahead by a timer, which ends with its owner."""

import asyncio
import gc
import time
import weakref
from collections.abc import Callable

from oauth_guard.issuers.remote_keys import JWKSCache
from tests.unit.issuers.scene import GOOD, ISSUER, Scene, background_is_done, unreachable

SHORT = JWKSCache(max_age=0.1)
A_WHILE = 0.5  # several short lifetimes


def ageing(times: JWKSCache = SHORT) -> Scene:
    """Return a scene whose keys age as fast as the clock on the wall."""
    return Scene(jwks_cache=times, clock=time.monotonic, jwks_uri=f"{ISSUER}/jwks")


async def becomes_true(condition: Callable[[], bool]) -> bool:
    """Wait until *condition* holds; nobody wakes us, as nobody asked for anything."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - there is no event for what we wait for
            await asyncio.sleep(0.01)
    return True


async def test_keys_that_nobody_uses_stay_fresh() -> None:
    """A quiet hour does not end readiness, so a probe that watches it does not shut us off."""
    scene = ageing(JWKSCache(max_age=0.1, stale_if_error=10))
    scene.issuer.start()
    assert await becomes_true(lambda: scene.fetches > 3)
    assert scene.issuer.ready
    await scene.issuer.aclose()


async def test_readiness_returns_without_a_request() -> None:
    """Where a probe keeps requests away until the keys are here, nobody else would ask."""
    scene = ageing(JWKSCache())
    scene.local.outage = unreachable
    scene.issuer.start()
    await background_is_done()
    assert not scene.issuer.ready
    scene.local.outage = None
    assert await becomes_true(lambda: scene.issuer.ready)
    await scene.issuer.aclose()


async def test_a_request_is_enough_to_keep_keys_fresh() -> None:
    """Where there is no lifespan, what the first request opened goes on."""
    scene = ageing()
    assert await scene.verdict() == GOOD
    assert await becomes_true(lambda: scene.fetches > 3)
    await scene.issuer.aclose()


async def test_nothing_is_fetched_before_it_is_due() -> None:
    """The clock that was handed in decides, however much time has passed elsewhere."""
    scene = Scene(jwks_cache=SHORT, jwks_uri=f"{ISSUER}/jwks")
    scene.issuer.start()
    await asyncio.sleep(A_WHILE)
    assert scene.fetches == 1
    scene.clock.advance(0.09)
    assert await becomes_true(lambda: scene.fetches == 2)
    await scene.issuer.aclose()


async def test_nothing_is_fetched_after_closing() -> None:
    """Whoever closes it hears no more of it, until it is used again."""
    scene = ageing()
    assert await scene.verdict() == GOOD
    await scene.issuer.aclose()
    fetches = scene.fetches
    await asyncio.sleep(A_WHILE)
    assert scene.fetches == fetches
    scene.issuer.start()
    assert await becomes_true(lambda: scene.fetches > fetches)
    await scene.issuer.aclose()


async def test_an_issuer_that_nobody_holds_fetches_no_more() -> None:
    """Forgetting to close one does not keep it alive."""
    scene = ageing()
    assert await scene.verdict() == GOOD
    await background_is_done()
    forgotten = weakref.ref(scene.issuer)
    del scene.issuer
    gc.collect()
    assert forgotten() is None
    fetches = scene.fetches
    await asyncio.sleep(A_WHILE)
    assert scene.fetches == fetches


def test_keys_stay_fresh_under_the_next_event_loop_too() -> None:
    """Starting with keys that are here fetches nothing, but minds their end."""
    scene = ageing(JWKSCache(max_age=3))

    async def start() -> int:
        scene.issuer.start()
        await background_is_done()
        return scene.fetches

    async def start_and_wait() -> bool:
        assert await start() == 1
        return await becomes_true(lambda: scene.fetches == 2)

    assert asyncio.run(start()) == 1
    assert asyncio.run(start_and_wait())
