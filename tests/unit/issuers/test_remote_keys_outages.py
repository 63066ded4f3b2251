"""RemoteKeySet during an outage: last known good keys, back-off, and no 401."""

import asyncio

import httpx
import pytest

from oauth_guard.errors import Reason
from oauth_guard.issuers.remote_keys import JWKSCache
from oauth_guard.testing.issuer import Outage
from tests.builders.jwt_issuer import (
    GOOD,
    ISSUER,
    JWTIssuerHarness,
    refuse_connection,
    wait_for_background_tasks,
)

MAX_AGE, STALE_IF_ERROR, MAX_BACKOFF = 600, 3600, 60


def times_out(request: httpx.Request) -> httpx.Response:
    """Raise the error of a host that does not respond."""
    raise httpx.ReadTimeout("silence", request=request)


@pytest.mark.parametrize(
    ("outage", "reason"),
    [
        pytest.param(refuse_connection, Reason.UNREACHABLE, id="refuses connections"),
        pytest.param(times_out, Reason.TIMED_OUT, id="times out"),
        pytest.param(lambda _: httpx.Response(500), Reason.BAD_RESPONSE, id="status 500"),
        pytest.param(lambda _: httpx.Response(204), Reason.BAD_RESPONSE, id="has no content"),
        pytest.param(lambda _: httpx.Response(200, json=[]), Reason.BAD_RESPONSE, id="an array"),
        pytest.param(
            lambda _: httpx.Response(200, json={}), Reason.BAD_RESPONSE, id="no member keys"
        ),
        pytest.param(
            lambda _: httpx.Response(200, json={"keys": {}}),
            Reason.BAD_RESPONSE,
            id="keys is no array",
        ),
        pytest.param(
            lambda _: httpx.Response(200, json={"keys": [{}] * 101}),
            Reason.NO_USABLE_KEYS,
            id="no usable key among too many",
        ),
        pytest.param(
            lambda _: httpx.Response(200, content=b'{"keys": [], "keys": []}'),
            Reason.BAD_RESPONSE,
            id="a member named twice",
        ),
    ],
)
async def test_failed_fetch_without_cached_keys_is_an_outage_with_its_reason(
    outage: Outage, reason: Reason
) -> None:
    """A token is not rejected, since it was not verified."""
    harness = JWTIssuerHarness(jwks_uri=f"{ISSUER}/jwks")
    harness.local.outage = outage
    error = await harness.unavailable()
    assert (error.issuer, error.reason) == (ISSUER, reason)
    assert 1 <= error.retry_after <= MAX_BACKOFF


async def test_last_known_good_keys_are_used_for_stale_if_error_seconds() -> None:
    """The limit is exact to the second."""
    harness = JWTIssuerHarness()
    assert await harness.verdict() == GOOD
    harness.local.outage = refuse_connection
    for age in (480, MAX_AGE, MAX_AGE + STALE_IF_ERROR - 1):
        harness.clock.now = 1000 + age
        assert await harness.verdict() == GOOD
        await wait_for_background_tasks()
    harness.clock.advance(1)
    error = await harness.unavailable()
    assert error.reason == Reason.UNREACHABLE
    assert 1 <= error.retry_after <= MAX_BACKOFF


async def test_keys_are_not_used_after_max_age_if_stale_if_error_is_zero() -> None:
    """0 turns the last known good keys off."""
    harness = JWTIssuerHarness(jwks_cache=JWKSCache(stale_if_error=0))
    assert await harness.verdict() == GOOD
    harness.local.outage = refuse_connection
    harness.clock.advance(MAX_AGE - 1)
    assert await harness.verdict() == GOOD
    await wait_for_background_tasks()
    harness.clock.advance(1)
    assert await harness.verdict() == Reason.UNREACHABLE


async def test_requests_during_the_back_off_fail_without_a_fetch() -> None:
    """A hundred requests one after the other cause one attempt."""
    harness = JWTIssuerHarness()
    harness.local.outage = refuse_connection
    assert [await harness.verdict() for _ in range(100)] == [Reason.UNREACHABLE] * 100
    assert len(harness.local.requests) == 1


@pytest.mark.parametrize(
    ("keys_are_here", "fetches"),
    [
        pytest.param(True, range(10, 81), id="last known good"),
        pytest.param(False, range(150, 300), id="cold"),
    ],
)
async def test_fetches_during_an_outage_are_backed_off(keys_are_here: bool, fetches: range) -> None:
    """Ten minutes with ten requests a second; without keys they must be back soon."""
    harness = JWTIssuerHarness(jwks_cache=JWKSCache(max_age=1), jwks_uri=f"{ISSUER}/jwks")
    if keys_are_here:
        assert await harness.verdict() == GOOD
    harness.local.outage = refuse_connection
    token = harness.local.token("read")
    before = harness.fetches
    harness.clock.advance(1)
    for _ in range(6000):
        expected = GOOD if keys_are_here else Reason.UNREACHABLE
        assert await harness.verdict(token) == expected
        await wait_for_background_tasks()
        harness.clock.advance(0.1)
    assert harness.fetches - before in fetches


@pytest.mark.parametrize("outage", [2, 15, 120, 600])
async def test_keys_are_back_within_five_seconds_of_the_return_of_the_issuer(outage: float) -> None:
    """Without usable keys, however long the outage lasted."""
    waits = []
    for _ in range(20):
        harness = JWTIssuerHarness(jwks_uri=f"{ISSUER}/jwks")
        harness.local.outage = refuse_connection
        end = harness.clock.now + outage
        while harness.clock.now < end:
            assert await harness.verdict() == Reason.UNREACHABLE
            harness.clock.advance(0.25)
        harness.local.outage = None
        while await harness.verdict() != GOOD:
            harness.clock.advance(0.25)
        waits.append(harness.clock.now - end)
    assert max(waits) <= 5
    assert sorted(waits)[10] <= 2.5  # 2, and the step of this test


async def test_known_url_of_the_keys_is_used_after_a_failure_without_metadata() -> None:
    """First everything fails, then the metadata alone."""
    harness = JWTIssuerHarness()
    assert await harness.verdict() == GOOD
    harness.local.outage = refuse_connection
    harness.clock.advance(MAX_AGE + STALE_IF_ERROR)
    assert await harness.verdict() == Reason.UNREACHABLE

    def only_keys(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/jwks":
            return httpx.Response(200, json=harness.local.jwks)
        return httpx.Response(500)

    harness.local.outage = only_keys
    harness.clock.advance(MAX_BACKOFF)
    assert await harness.verdict() == GOOD


async def test_fetch_that_took_long_is_retried_soon() -> None:
    """The delay counts from the start of the fetch."""
    harness = JWTIssuerHarness(jwks_uri=f"{ISSUER}/jwks")

    def slow(request: httpx.Request) -> httpx.Response:
        harness.clock.advance(5)
        return times_out(request)

    harness.local.outage = slow
    for fetches in range(1, 6):
        assert await harness.verdict() == Reason.TIMED_OUT
        assert harness.fetches == fetches


@pytest.mark.parametrize("failure", [httpx.Response(500), None], ids=["status 500", "silence"])
async def test_keys_of_a_slow_issuer_come_back_after_one_failure(
    failure: httpx.Response | None,
) -> None:
    """Metadata and keys each take 60 % of the deadline, and may each take all of it."""
    deadline = 0.25
    harness = JWTIssuerHarness(jwks_cache=JWKSCache(deadline=deadline))
    failures = [failure]

    async def slow(request: httpx.Request) -> httpx.Response:
        if failures:
            response = failures.pop()
            await asyncio.sleep(deadline * 2 * (response is None))
            return response or httpx.Response(200, json={})
        await asyncio.sleep(deadline * 0.6)
        is_keys = request.url.path == "/jwks"
        return httpx.Response(200, json=harness.local.jwks if is_keys else harness.local.metadata)

    assert await harness.verdict() == GOOD
    harness.local.outage = slow
    harness.clock.advance(MAX_AGE + STALE_IF_ERROR)
    for _ in range(3):
        verdict = await harness.verdict()
        harness.clock.advance(MAX_BACKOFF)
    assert verdict == GOOD


async def test_back_off_is_randomized() -> None:
    """After half of a back-off of up to 1 s, only some of 100 processes have retried."""
    harnesses = [JWTIssuerHarness() for _ in range(100)]
    requests = set()
    for harness in harnesses:
        harness.local.outage = refuse_connection
        assert await harness.verdict() == Reason.UNREACHABLE
        harness.clock.advance(0.5)
        await harness.verdict()
        requests.add(len(harness.local.requests))
    assert requests == {1, 2}


async def test_token_is_accepted_once_the_issuer_has_recovered() -> None:
    """No restart is needed after the back-off."""
    harness = JWTIssuerHarness()
    harness.local.outage = refuse_connection
    for _ in range(20):
        assert await harness.verdict() == Reason.UNREACHABLE
        harness.clock.advance(MAX_BACKOFF)
    harness.local.outage = None
    assert await harness.verdict() == GOOD


async def test_fetch_times_out_at_the_deadline() -> None:
    """The deadline includes the whole fetch, whatever timeouts the client has."""
    harness = JWTIssuerHarness(jwks_cache=JWKSCache(deadline=0.05))
    harness.block()
    async with asyncio.timeout(5):
        assert await harness.verdict() == Reason.TIMED_OUT
    assert not harness.issuer.ready


async def test_metadata_is_read_again_after_a_failed_fetch() -> None:
    """The issuer may have moved its keys."""
    harness = JWTIssuerHarness()
    assert await harness.verdict() == GOOD
    harness.local.outage = refuse_connection
    harness.clock.advance(480)
    await harness.verdict()
    await wait_for_background_tasks()
    harness.local.outage = None
    harness.local.requests.clear()
    harness.clock.advance(MAX_BACKOFF)
    await harness.verdict()
    await wait_for_background_tasks()
    assert harness.local.requests == [
        f"{ISSUER}/.well-known/oauth-authorization-server",
        f"{ISSUER}/jwks",
    ]


async def test_outage_is_logged_without_the_token(caplog: pytest.LogCaptureFixture) -> None:
    """The log has the issuer, the URL and the reason."""
    harness = JWTIssuerHarness(jwks_uri=f"{ISSUER}/jwks")
    harness.local.outage = refuse_connection
    token = harness.local.token("read")
    await harness.verdict(token)
    ours = [record for record in caplog.records if record.name == "oauth_guard"]
    assert [record.getMessage() for record in ours] == [
        f"{ISSUER}: request to {ISSUER}/jwks failed: ConnectError('refused')",
        f"{ISSUER}: keys could not be fetched (url {ISSUER}/jwks): unreachable",
    ]
    assert {record.levelname for record in ours} == {"WARNING"}
    assert not [part for part in token.split(".") if part in caplog.text]
