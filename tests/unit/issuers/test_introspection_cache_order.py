"""The newest answer counts: what was asked before it says nothing any longer, however late."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from oauth_guard.errors import Reason
from oauth_guard.stores.memory import MemoryStore
from tests.unit.stores.clock import FakeClock
from tests.unit.stores.scene import INACTIVE, Scene
from tests.unit.stores.scripted import begun, claims_of, says


async def test_confirm_asks_now_and_what_it_learns_is_remembered() -> None:
    """Here and where others look: a token that was revoked is good nowhere that asks anew."""
    store = MemoryStore()
    here, there = Scene(store), Scene(store)
    assert await here.verdict() == claims_of("token")
    here.issuer.says = there.issuer.says = says(INACTIVE)
    assert await here.verdict() == claims_of("token")
    assert await here.confirmed() == Reason.INACTIVE
    assert await here.verdict() == Reason.INACTIVE
    assert await there.verdict() == Reason.INACTIVE
    assert (here.issuer.asked, there.issuer.asked) == (2, 0)
    here.issuer.says = claims_of
    assert await here.confirmed() == claims_of("token")
    assert await here.verdict() == claims_of("token")


async def test_confirm_brings_down_what_was_shared_even_with_no_time_to_remember() -> None:
    """An older good answer does not come back."""
    store = MemoryStore()
    scene = Scene(store, inactive_for=0)
    await scene.verdict()
    scene.issuer.says = says(INACTIVE)
    assert await scene.confirmed() == Reason.INACTIVE
    assert await scene.verdict() == Reason.INACTIVE
    assert scene.issuer.asked == 3


async def test_an_older_no_does_not_come_back_after_a_newer_yes() -> None:
    """Though it would have been remembered for longer."""
    scene = Scene(inactive_for=300)
    scene.issuer.says = says(INACTIVE)
    assert await scene.verdict() == Reason.INACTIVE
    scene.issuer.says = claims_of
    scene.clock.now += 1
    assert await scene.confirmed() == claims_of("token")
    scene.clock.now += 60
    assert await scene.verdict() == claims_of("token")


@asynccontextmanager
async def slow(scene: Scene, *, confirms: bool = False) -> AsyncIterator[asyncio.Task[object]]:
    """Yield a question that was asked before the token was revoked; at the end it is answered."""
    held = scene.issuer.hold()
    ask = scene.confirmed if confirms else scene.verdict
    asking = asyncio.create_task(ask())
    await begun()
    scene.issuer.let_through()
    scene.issuer.says = says(INACTIVE)
    scene.clock.now += 1
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
    scene = Scene(store, clock=clock, inactive_for=inactive_for)
    async with slow(scene, confirms=confirms):
        assert await scene.confirmed() == Reason.INACTIVE
    other = Scene(store, clock=clock, inactive_for=inactive_for)
    other.issuer.says = says(INACTIVE)
    for seconds in (0, 4, 2, 30, 20):
        clock.now += seconds
        assert await scene.verdict() == await other.verdict() == Reason.INACTIVE


async def test_a_slow_confirmation_does_not_replace_what_a_request_heard() -> None:
    """Whoever asked last knows best."""
    scene = Scene(inactive_for=0)
    async with slow(scene, confirms=True):
        assert await scene.verdict() == Reason.INACTIVE
    assert await scene.verdict() == Reason.INACTIVE


async def test_what_another_process_shared_too_late_is_not_believed() -> None:
    """It did not hear of the revocation; who did asks again."""
    store, clock = MemoryStore(), FakeClock()
    here, there = Scene(store, clock=clock), Scene(store, clock=clock)
    here.issuer.says = says(INACTIVE)
    async with slow(there):
        assert await here.confirmed() == Reason.INACTIVE
    clock.now += 6
    assert await here.verdict() == Reason.INACTIVE
    assert here.issuer.asked == 2


async def test_a_token_that_is_good_again_is_remembered_again() -> None:
    """Only older answers are held off."""
    scene = Scene(MemoryStore(), inactive_for=0)
    scene.issuer.says = says(INACTIVE)
    assert await scene.confirmed() == Reason.INACTIVE
    scene.issuer.says = claims_of
    scene.clock.now += 1
    for _ in range(3):
        assert await scene.verdict() == claims_of("token")
    assert scene.issuer.asked == 2


async def test_after_a_clock_was_set_back_new_answers_count() -> None:
    """What bears a moment that is yet to come holds off nothing."""
    scene = Scene()
    scene.issuer.says = says(INACTIVE)
    assert await scene.confirmed() == Reason.INACTIVE
    scene.issuer.says = claims_of
    scene.clock.now -= 30
    for _ in range(3):
        assert await scene.verdict() == claims_of("token")
    assert scene.issuer.asked == 2
