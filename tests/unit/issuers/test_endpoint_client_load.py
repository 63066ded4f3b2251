"""EndpointClient under load: 64 slots, waiting for one is no failure, and stalls of the loop."""

import asyncio
import time

import httpx
import pytest

from oauth_guard.errors import Reason
from oauth_guard.interfaces import Clock
from tests.unit.issuers.scripted_endpoint import ISSUER, OK, EndpointClientHarness


async def test_at_most_64_requests_are_concurrent() -> None:
    """The others wait for a slot."""
    harness = EndpointClientHarness(OK)
    harness.gate.clear()
    requests = [asyncio.create_task(harness.post()) for _ in range(70)]
    await asyncio.sleep(0.01)
    harness.gate.set()
    assert {await each for each in requests} == {200}
    assert harness.max_concurrent == 64


async def test_timeout_in_the_queue_is_not_counted_as_a_failure() -> None:
    """The reason is `busy`, and the token does not rest."""
    harness = EndpointClientHarness(OK, queue_timeout=0.05)
    harness.gate.clear()
    requests = [asyncio.create_task(harness.post(f"t{number}")) for number in range(70)]
    assert [await each for each in requests[64:]] == [Reason.BUSY] * 6
    harness.gate.set()
    assert {await each for each in requests[:64]} == {200}
    assert await harness.post("t69") == 200
    assert harness.canaries == 0


async def test_deadline_starts_when_a_request_has_its_slot() -> None:
    """Time in the queue is not taken from the endpoint's."""
    harness = EndpointClientHarness(OK, deadline=1)
    harness.latency = 0.6
    assert await harness.post_concurrently(128) == {200}


async def test_flood_makes_a_slow_endpoint_busy_and_not_narrow() -> None:
    """Surplus requests fail as `busy`, and requests after the flood get a response."""
    harness = EndpointClientHarness(OK)
    harness.latency = 0.15
    assert await harness.post_concurrently(900) <= {200, Reason.BUSY}
    assert harness.canaries == 0
    assert harness.endpoint.ready
    assert await harness.post_concurrently(64) == {200}


async def test_narrow_endpoint_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """Requests that are refused or fail meanwhile log nothing more."""
    harness = EndpointClientHarness(httpx.Response(500))
    harness.canary = httpx.Response(500)
    await harness.take_down(20)
    (line,) = [each.getMessage() for each in caplog.records if each.name == "oauth_guard"]
    assert line == (
        f"{ISSUER}: no usable response from introspection_endpoint for 5 s: "
        "at most four requests a second are sent until there is one"
    )


async def test_request_to_a_full_narrow_endpoint_waits_for_no_slot() -> None:
    """It would fail after the wait."""
    harness = EndpointClientHarness(httpx.Response(500), deadline=0.2)
    harness.canary = httpx.Response(500)
    harness.gate.clear()
    requests = [asyncio.create_task(harness.post()) for _ in range(64)]
    await asyncio.sleep(0.01)
    harness.endpoint._health.narrow = True  # noqa: SLF001 - requests sent before fill the slots
    async with asyncio.timeout(0.1):
        assert await harness.post() == Reason.BACKING_OFF
    harness.gate.set()
    await asyncio.wait(requests)


async def test_token_never_active_has_a_short_deadline_while_slots_are_crowded() -> None:
    """0.25 s for the tokens after the 33rd; an active token has the whole time."""
    harness = EndpointClientHarness(OK)
    harness.endpoint.record_active("good", 0.01)
    harness.gate.clear()
    requests = [asyncio.create_task(harness.post(f"t{number}")) for number in range(40)]
    requests.append(asyncio.create_task(harness.post("good")))
    await asyncio.sleep(0.5)
    assert [each.done() for each in requests] == [False] * 32 + [True] * 8 + [False]
    assert {await each for each in requests[32:40]} == {Reason.BUSY}
    harness.gate.set()
    assert {await each for each in (*requests[:32], requests[40])} == {200}
    assert await harness.post("t39") == 200  # it does not rest


async def test_deadline_is_not_short_while_the_pace_of_the_endpoint_is_unknown() -> None:
    """No token was active yet."""
    harness = EndpointClientHarness(OK)
    harness.latency = 0.4
    assert await harness.post_concurrently(64) == {200}


async def test_time_for_which_the_loop_was_blocked_is_added_to_deadlines() -> None:
    """The responses have arrived meanwhile, and are read afterwards."""
    harness = EndpointClientHarness(OK, deadline=0.3)
    harness.latency = 0.25
    requests = [asyncio.create_task(harness.post()) for _ in range(10)]
    await asyncio.sleep(0.15)
    time.sleep(0.4)  # noqa: ASYNC251 - the application blocks its loop
    assert {await each for each in requests} == {200}
    assert harness.canaries == 0


async def test_request_cancelled_in_the_queue_has_no_effect() -> None:
    """It did not have a slot yet."""
    harness = EndpointClientHarness(OK)
    harness.gate.clear()
    requests = [asyncio.create_task(harness.post()) for _ in range(65)]
    await asyncio.sleep(0.01)
    requests[64].cancel()
    await asyncio.wait(requests[64:])
    harness.gate.set()
    assert {await each for each in requests[:64]} == {200}


def test_each_event_loop_has_its_own_slots() -> None:
    """A semaphore of a previous loop is not used."""

    async def crowd(harness: EndpointClientHarness) -> None:
        assert set(await asyncio.gather(*(harness.post() for _ in range(70)))) == {200}

    harness = EndpointClientHarness(OK)
    asyncio.run(crowd(harness))
    asyncio.run(crowd(harness))


@pytest.mark.parametrize(("clock", "narrow"), [(time.monotonic, False), (None, True)])
async def test_time_for_which_the_loop_was_blocked_is_not_counted_against_the_endpoint(
    clock: Clock | None, narrow: bool
) -> None:
    """A clock that a test sets is taken as it is."""
    harness = EndpointClientHarness(httpx.Response(500), clock=clock)
    harness.canary = httpx.Response(500)
    await harness.post_in_turn(5)
    await asyncio.sleep(0.05)
    time.sleep(5.2)  # noqa: ASYNC251 - the application blocks its loop
    harness.clock.advance(5)
    await asyncio.sleep(0.15)
    await harness.post()
    assert harness.endpoint.ready != narrow
