"""EndpointClient under load: 64 slots, and waiting for a slot is no failure of the endpoint."""

import asyncio

import httpx
import pytest

from oauth_guard.errors import Reason
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
    """The reason is `busy`, and the circuit breaker is not involved."""
    harness = EndpointClientHarness(OK, queue_timeout=0.05)
    harness.gate.clear()
    requests = [asyncio.create_task(harness.post()) for _ in range(70)]
    assert [await each for each in requests[64:]] == [Reason.BUSY] * 6
    harness.gate.set()
    assert {await each for each in requests[:64]} == {200}
    assert harness.breaker.failures == 0


async def test_deadline_starts_when_a_request_has_its_slot() -> None:
    """Time in the queue is not taken from the endpoint's."""
    harness = EndpointClientHarness(OK, deadline=1)
    harness.latency = 0.6
    assert await harness.post_concurrently(128) == {200}


async def test_flood_makes_a_slow_endpoint_busy_and_does_not_open_the_breaker() -> None:
    """Surplus requests fail as `busy`, and requests after the flood get a response."""
    harness = EndpointClientHarness(OK)
    harness.latency = 0.15
    assert await harness.post_concurrently(900) <= {200, Reason.BUSY}
    assert harness.breaker.failures == 0
    assert harness.endpoint.ready
    assert await harness.post_concurrently(64) == {200}


async def test_opening_of_the_breaker_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """Requests in progress when the breaker opens log nothing more."""
    harness = EndpointClientHarness(httpx.Response(500))
    await asyncio.gather(*(harness.post() for _ in range(20)))
    assert [each.getMessage() for each in caplog.records if each.name == "oauth_guard"] == [
        f"{ISSUER}: no requests to introspection_endpoint for 10 s: bad_response"
    ]


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
