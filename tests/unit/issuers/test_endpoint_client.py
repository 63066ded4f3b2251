"""EndpointClient: deadlines, the retry, failures of single tokens, and discovery."""

import asyncio

import httpx
import pytest

from oauth_guard.errors import IssuerUnavailable, Reason
from tests.builders.scripted_issuer import run_pending_tasks
from tests.unit.issuers.scripted_endpoint import METADATA, OK, EndpointClientHarness

TOO_LONG = httpx.Response(200, content=b"x" * 65_537)
REFUSED = httpx.ConnectError("refused")
ENDPOINT_FAILURES = [
    pytest.param(REFUSED, Reason.UNREACHABLE, id="refused"),
    pytest.param(httpx.ReadError("reset"), Reason.UNREACHABLE, id="reset"),
    pytest.param(httpx.ReadTimeout("slow"), Reason.TIMED_OUT, id="read timeout"),
    pytest.param(httpx.Response(500), Reason.BAD_RESPONSE, id="500"),
    pytest.param(httpx.Response(503), Reason.BAD_RESPONSE, id="503"),
    pytest.param(httpx.Response(429), Reason.BAD_RESPONSE, id="429"),
]


@pytest.mark.parametrize("status", [200, 201, 302, 400, 401, 403, 404])
async def test_response_is_returned_whatever_its_status(status: int) -> None:
    """The caller decides what the status means."""
    assert await EndpointClientHarness(httpx.Response(status)).post() == status


async def test_failed_connection_is_retried_once_with_a_new_form() -> None:
    """A server may have seen the first form, and reject an assertion it has seen before."""
    harness = EndpointClientHarness(REFUSED, OK)
    assert await harness.post() == 200
    assert harness.forms == [b"number=0", b"number=1"]


@pytest.mark.conformance("7662-15")
@pytest.mark.parametrize(("response", "reason"), ENDPOINT_FAILURES)
async def test_token_that_failed_rests_five_seconds(
    response: httpx.Response | Exception, reason: Reason
) -> None:
    """No request is sent about it meanwhile; the caller learns when to try again."""
    harness = EndpointClientHarness(response)
    assert await harness.post("t") == reason
    sent = len(harness.forms)
    assert await harness.post("t") == Reason.BACKING_OFF
    assert await harness.retry_after("t") == 5
    harness.clock.advance(4.9)
    assert await harness.post("t") == Reason.BACKING_OFF
    assert len(harness.forms) == sent
    harness.clock.advance(0.1)
    harness.responses = [OK]
    assert await harness.post("t") == 200


@pytest.mark.parametrize(("response", "reason"), ENDPOINT_FAILURES)
async def test_failures_about_some_tokens_do_not_count_against_others(
    response: httpx.Response | Exception, reason: Reason
) -> None:
    """The endpoint fails about a hundred tokens, and responds about the canary."""
    harness = EndpointClientHarness(response)
    for _ in range(100):
        assert await harness.post() == reason
        await run_pending_tasks()
        harness.clock.advance(0.1)
    assert harness.endpoint.ready
    harness.responses = [OK]
    assert await harness.post() == 200
    assert 5 <= harness.canaries <= 11


@pytest.mark.conformance("7662-16")
@pytest.mark.parametrize(("response", "reason"), ENDPOINT_FAILURES)
async def test_endpoint_that_fails_about_the_canary_too_is_sent_four_requests_a_second(
    response: httpx.Response | Exception, reason: Reason
) -> None:
    """It is not ready then; a connection that fails is not tried twice; one response ends it."""
    harness = EndpointClientHarness(response)
    harness.canary = response
    await harness.take_down()
    assert not harness.endpoint.ready
    harness.forms.clear()
    harness.canaries = 0
    outcomes = []
    for _ in range(100):
        outcomes.append(await harness.post())
        await run_pending_tasks()
        harness.clock.advance(0.1)
    assert 5 <= len(harness.forms) + harness.canaries <= 41
    assert set(outcomes) == {reason, Reason.BACKING_OFF}
    harness.canary = OK
    harness.responses = [OK]
    for _ in range(15):
        await harness.post()
        await run_pending_tasks()
        harness.clock.advance(0.3)
    assert harness.endpoint.ready
    assert await harness.post_in_turn(20) == [200] * 20


async def test_refused_caller_learns_when_to_try_again() -> None:
    """In a second, as requests are sent each second."""
    harness = EndpointClientHarness(httpx.Response(500))
    harness.canary = httpx.Response(500)
    await harness.take_down()
    await harness.post_in_turn(3)
    assert await harness.post() == Reason.BACKING_OFF
    assert await harness.retry_after(harness.new_token()) == 1


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(httpx.Response(400), id="400"),
        pytest.param(httpx.Response(413), id="413"),
        pytest.param(TOO_LONG, id="too long"),
        pytest.param(httpx.Response(200, headers={"content-encoding": "br"}), id="compressed"),
    ],
)
async def test_conclusive_response_keeps_an_endpoint_ready(response: httpx.Response) -> None:
    """A response counts even if it can't be used, and though the canary fails."""
    failure = httpx.Response(500)
    harness = EndpointClientHarness(*[failure, failure, response] * 20)
    harness.canary = failure
    await harness.take_down(10)
    assert harness.endpoint.ready
    assert len(harness.forms) == 40


@pytest.mark.parametrize(
    ("status", "retry_after", "seconds"),
    [(429, "7", 7), (429, "86400", 60), (503, "30", 5)],
)
async def test_retry_after_of_429_makes_the_token_rest_for_at_most_a_minute(
    status: int, retry_after: str, seconds: int
) -> None:
    """The caller of the API gets the same `Retry-After`; other tokens are not affected."""
    response = httpx.Response(status, headers={"retry-after": retry_after})
    harness = EndpointClientHarness(response, OK)
    assert await harness.retry_after("t") == seconds
    assert await harness.retry_after("t") == seconds
    assert await harness.post("other") == 200
    harness.clock.advance(seconds)
    assert await harness.post("t") == 200


async def test_request_that_misses_its_deadline_is_a_failure() -> None:
    """The endpoint received the request, and did not respond in time."""
    harness = EndpointClientHarness(OK, deadline=0.01)
    harness.gate.clear()
    assert await harness.post("t") == Reason.TIMED_OUT
    assert await harness.post("t") == Reason.BACKING_OFF


async def test_cancelled_request_records_nothing() -> None:
    """A caller that disconnects says nothing about the endpoint."""
    harness = EndpointClientHarness(OK)
    harness.gate.clear()
    request = asyncio.create_task(harness.post("t"))
    await asyncio.sleep(0.01)
    request.cancel()
    await asyncio.wait([request])
    assert request.cancelled()
    harness.gate.set()
    assert await harness.post("t") == 200


async def test_concurrent_requests_share_one_discovery() -> None:
    """All of them wait for the same metadata request."""
    harness = EndpointClientHarness(OK, endpoint=None)
    assert not harness.endpoint.ready
    assert set(await asyncio.gather(*(harness.post() for _ in range(20)))) == {200}
    assert harness.paths.count("/metadata") == 1
    assert harness.endpoint.ready


async def test_start_and_load_discover_the_endpoint_once() -> None:
    """A known endpoint is not discovered again."""
    harness = EndpointClientHarness(OK, endpoint=None)
    harness.endpoint.start()
    await harness.endpoint.load()
    assert harness.endpoint.ready
    harness.endpoint.start()
    await harness.endpoint.load()
    await harness.endpoint.aclose()
    assert harness.paths == ["/metadata"]


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        pytest.param(httpx.Response(404), Reason.WRONG_METADATA, id="404"),
        pytest.param(httpx.Response(200, json={}), Reason.WRONG_METADATA, id="no metadata"),
        pytest.param(REFUSED, Reason.UNREACHABLE, id="refused"),
        pytest.param(httpx.ReadTimeout("slow"), Reason.TIMED_OUT, id="read timeout"),
    ],
)
async def test_failed_discovery_is_repeated_after_a_second(
    metadata: httpx.Response | Exception, reason: Reason
) -> None:
    """Requests in between fail for the same reason, and the endpoint becomes narrow."""
    harness = EndpointClientHarness(OK, endpoint=None)
    harness.metadata = metadata
    with pytest.raises(IssuerUnavailable, match=reason):
        await harness.endpoint.load()
    assert await harness.post_in_turn(6) == [reason] * 6
    assert len(harness.paths) == 1
    await harness.take_down(7)
    assert (await harness.post_in_turn(4))[1:] == [Reason.BACKING_OFF] * 3
    assert len(harness.paths) <= 8
    harness.metadata = httpx.Response(200, json=METADATA)
    harness.clock.advance(1)
    assert await harness.post() == 200


async def test_discovery_continues_after_the_deadline_of_a_request() -> None:
    """The next request uses its result."""
    harness = EndpointClientHarness(OK, endpoint=None, deadline=0.05)
    harness.gate.clear()
    assert await harness.post() == Reason.TIMED_OUT
    harness.gate.set()
    assert await harness.post() == 200
    assert harness.paths.count("/metadata") == 1


async def test_discovery_that_exceeds_its_timeout_is_an_outage() -> None:
    """The requests that wait for it fail with `timed_out`."""
    harness = EndpointClientHarness(OK, endpoint=None, discovery_timeout=0.01)
    harness.gate.clear()
    assert await harness.post() == Reason.TIMED_OUT
    harness.gate.set()
    harness.clock.advance(1)
    assert await harness.post() == 200


@pytest.mark.parametrize("status", [404, 410])
async def test_status_404_or_410_starts_a_new_discovery(status: int) -> None:
    """The endpoint stays ready meanwhile, or a readiness probe would never see it recover."""
    harness = EndpointClientHarness(httpx.Response(status), OK, endpoint=None)
    assert await harness.post() == status
    assert harness.endpoint.ready
    assert await harness.post() == 200
    assert harness.paths.count("/metadata") == 2


async def test_endpoint_that_becomes_narrow_is_discovered_again() -> None:
    """The issuer may have replaced the endpoint."""
    harness = EndpointClientHarness(httpx.Response(500), endpoint=None)
    harness.canary = httpx.Response(500)
    await harness.take_down()
    harness.responses = [OK]
    harness.clock.advance(1)
    assert await harness.post() == 200
    assert harness.paths.count("/metadata") == 2


async def test_close_cancels_the_canary() -> None:
    """No task is left."""
    harness = EndpointClientHarness(httpx.Response(500))
    await harness.post_in_turn(5)
    await harness.endpoint.aclose()
    await run_pending_tasks()
    assert harness.canaries <= 1
    assert len(asyncio.all_tasks()) == 1
