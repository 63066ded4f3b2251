"""An endpoint is asked by 64 at once, and a crowd in front of it tells nothing of its health."""

import asyncio

import httpx
import pytest

from oauth_guard.errors import Reason
from tests.unit.issuers.asking import ISSUER
from tests.unit.issuers.scripted_endpoint import OK, Scene


async def test_at_most_64_ask_at_once() -> None:
    """Who finds no place waits for one."""
    scene = Scene(OK)
    scene.gate.clear()
    asking = [asyncio.create_task(scene.ask()) for _ in range(70)]
    await asyncio.sleep(0.01)
    scene.gate.set()
    assert {await each for each in asking} == {200}
    assert scene.most_at_once == 64


async def test_waiting_for_a_place_is_no_illness() -> None:
    """Who found no place in time says so, and the breaker hears nothing of it."""
    scene = Scene(OK, queue_timeout=0.05)
    scene.gate.clear()
    asking = [asyncio.create_task(scene.ask()) for _ in range(70)]
    assert [await each for each in asking[64:]] == [Reason.BUSY] * 6
    scene.gate.set()
    assert {await each for each in asking[:64]} == {200}
    assert scene.breaker.failures == 0


async def test_who_waited_for_a_place_has_the_whole_time() -> None:
    """Time in our own queue is not taken from the endpoint's."""
    scene = Scene(OK, deadline=1)
    scene.lingers = 0.6
    assert await scene.ask_at_once(128) == {200}


async def test_a_flood_makes_a_slow_endpoint_busy_and_never_ill() -> None:
    """More than it can answer in time are sent away, and whoever comes next is answered."""
    scene = Scene(OK)
    scene.lingers = 0.15
    assert await scene.ask_at_once(900) <= {200, Reason.BUSY}
    assert scene.breaker.failures == 0
    assert scene.endpoint.ready
    assert await scene.ask_at_once(64) == {200}


async def test_that_it_is_ill_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever was under way still, when the breaker opened, has nothing to add."""
    scene = Scene(httpx.Response(500))
    await asyncio.gather(*(scene.ask() for _ in range(20)))
    assert [each.getMessage() for each in caplog.records if each.name == "oauth_guard"] == [
        f"{ISSUER}: no requests to introspection_endpoint for 10 s: bad_response"
    ]


async def test_giving_up_before_there_is_a_place_is_nothing() -> None:
    """Nobody had been admitted yet."""
    scene = Scene(OK)
    scene.gate.clear()
    asking = [asyncio.create_task(scene.ask()) for _ in range(65)]
    await asyncio.sleep(0.01)
    asking[64].cancel()
    await asyncio.wait(asking[64:])
    scene.gate.set()
    assert {await each for each in asking[:64]} == {200}


def test_each_loop_has_places_of_its_own() -> None:
    """What one loop left behind does not bind another."""

    async def crowd(scene: Scene) -> None:
        assert set(await asyncio.gather(*(scene.ask() for _ in range(70)))) == {200}

    scene = Scene(OK)
    asyncio.run(crowd(scene))
    asyncio.run(crowd(scene))
