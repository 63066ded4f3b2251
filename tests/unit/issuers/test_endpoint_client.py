"""EndpointClient: deadlines, the retry, the circuit breaker and discovery of the endpoint."""

import asyncio

import httpx
import pytest

from oauth_guard.errors import IssuerUnavailable, Reason
from oauth_guard.issuers.endpoint_client import FormRequest
from tests.unit.issuers.scripted_endpoint import METADATA, OK, EndpointClientHarness

TOO_LONG = httpx.Response(200, content=b"x" * 65_537)
REFUSED = httpx.ConnectError("refused")


@pytest.mark.parametrize("status", [200, 201, 302, 400, 401, 403, 404])
async def test_response_is_returned_whatever_its_status(status: int) -> None:
    """The caller decides what the status means."""
    assert await EndpointClientHarness(httpx.Response(status)).post() == status


async def test_failed_connection_is_retried_once_with_a_new_form() -> None:
    """A server may have seen the first form, and reject an assertion it has seen before."""
    harness = EndpointClientHarness(REFUSED, OK)
    assert await harness.post() == 200
    assert harness.forms == [b"number=0", b"number=1"]


@pytest.mark.parametrize(
    ("response", "reason", "times"),
    [
        pytest.param(REFUSED, Reason.UNREACHABLE, 2, id="refused twice"),
        pytest.param(httpx.ReadTimeout("slow"), Reason.TIMED_OUT, 1, id="read timeout"),
        pytest.param(httpx.Response(500), Reason.BAD_RESPONSE, 1, id="500"),
        pytest.param(httpx.Response(503), Reason.BAD_RESPONSE, 1, id="503"),
        pytest.param(httpx.Response(429), Reason.BAD_RESPONSE, 1, id="429"),
    ],
)
async def test_five_failures_of_the_endpoint_open_the_breaker_and_a_probe_closes_it(
    response: httpx.Response | Exception, reason: Reason, times: int
) -> None:
    """Failures: no connection, a timeout, 429 and 5xx."""
    harness = EndpointClientHarness(response)
    assert await harness.post_in_turn(6) == [reason] * 5 + [Reason.BACKING_OFF]
    assert len(harness.forms) == 5 * times
    assert not harness.endpoint.ready
    with pytest.raises(IssuerUnavailable) as raised:
        await harness.endpoint.post(lambda: FormRequest(b"", {}))
    assert raised.value.retry_after == 10
    harness.clock.advance(10)
    assert harness.endpoint.ready
    harness.responses = [OK]
    assert await harness.post_in_turn(2) == [200, 200]


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(httpx.Response(400), id="400"),
        pytest.param(httpx.Response(413), id="413"),
        pytest.param(TOO_LONG, id="too long"),
        pytest.param(httpx.Response(200, headers={"content-encoding": "br"}), id="compressed"),
    ],
)
async def test_responses_that_a_token_can_provoke_do_not_open_the_breaker(
    response: httpx.Response,
) -> None:
    """A hundred of them in a row do not prevent the introspection of a valid token."""
    harness = EndpointClientHarness(*[response] * 100, OK)
    assert Reason.BACKING_OFF not in await harness.post_in_turn(100)
    assert await harness.post() == 200
    assert len(harness.forms) == 101


@pytest.mark.parametrize("response", [httpx.Response(400), TOO_LONG], ids=["400", "too long"])
async def test_other_responses_reset_the_count_of_failures_and_close_the_breaker(
    response: httpx.Response,
) -> None:
    """A response counts as success even if it can't be used."""
    failure = httpx.Response(500)
    harness = EndpointClientHarness(*[failure] * 4, response, *[failure] * 5, response, OK)
    assert Reason.BACKING_OFF not in await harness.post_in_turn(10)
    assert await harness.post() == Reason.BACKING_OFF
    harness.clock.advance(10)
    assert (await harness.post_in_turn(2))[1] == 200


@pytest.mark.parametrize(
    ("status", "retry_after", "seconds"),
    [(429, "7", 7), (503, "30", 30), (429, "86400", 60)],
)
async def test_retry_after_opens_the_breaker_for_at_most_a_minute(
    status: int, retry_after: str, seconds: int
) -> None:
    """The caller of the API gets the same `Retry-After`."""
    harness = EndpointClientHarness(
        httpx.Response(status, headers={"retry-after": retry_after}), OK
    )
    with pytest.raises(IssuerUnavailable) as raised:
        await harness.endpoint.post(lambda: FormRequest(b"", {}))
    assert raised.value.retry_after == seconds
    assert await harness.post() == Reason.BACKING_OFF
    harness.clock.advance(seconds)
    assert await harness.post() == 200


async def test_deadline_of_a_sent_request_counts_as_a_failure() -> None:
    """The endpoint received the request, and did not respond in time."""
    harness = EndpointClientHarness(OK, deadline=0.01)
    harness.gate.clear()
    assert await harness.post_in_turn(6) == [Reason.TIMED_OUT] * 5 + [Reason.BACKING_OFF]


async def test_cancelled_probe_is_left_to_the_next_request() -> None:
    """A caller that disconnects says nothing about the endpoint."""
    harness = EndpointClientHarness(httpx.Response(500))
    await harness.post_in_turn(5)
    harness.clock.advance(10)
    harness.responses = [OK]
    harness.gate.clear()
    probe = asyncio.create_task(harness.post())
    await asyncio.sleep(0.01)
    assert await harness.post() == Reason.BACKING_OFF
    probe.cancel()
    await asyncio.wait([probe])
    assert probe.cancelled()
    harness.gate.set()
    assert await harness.post() == 200


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
async def test_failed_discovery_opens_the_breaker(
    metadata: httpx.Response | Exception, reason: Reason
) -> None:
    """No token can cause it, and discovery is not repeated until the breaker closes."""
    harness = EndpointClientHarness(OK, endpoint=None)
    harness.metadata = metadata
    with pytest.raises(IssuerUnavailable, match=reason):
        await harness.endpoint.load()
    assert await harness.post_in_turn(6) == [reason] * 5 + [Reason.BACKING_OFF]
    assert len(harness.paths) == 6
    harness.metadata = httpx.Response(200, json=METADATA)
    harness.clock.advance(10)
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
    assert await harness.post() == 200


@pytest.mark.parametrize("status", [404, 410])
async def test_status_404_or_410_starts_a_new_discovery(status: int) -> None:
    """The endpoint stays ready meanwhile, or a readiness probe would never see it recover."""
    harness = EndpointClientHarness(httpx.Response(status), OK, endpoint=None)
    assert await harness.post() == status
    assert harness.endpoint.ready
    assert await harness.post() == 200
    assert harness.paths.count("/metadata") == 2


async def test_open_breaker_starts_a_new_discovery() -> None:
    """The issuer may have replaced the endpoint."""
    harness = EndpointClientHarness(httpx.Response(500), endpoint=None)
    await harness.post_in_turn(5)
    harness.responses = [OK]
    harness.clock.advance(10)
    assert await harness.post() == 200
    assert harness.paths.count("/metadata") == 2
