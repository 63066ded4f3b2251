"""A remote key set whose issuer fails: the last known good keys serve, and nobody gets a 401."""

import asyncio

import httpx
import pytest

from oauth_guard.errors import Reason
from oauth_guard.issuers.remote_keys import JWKSCache
from oauth_guard.testing import SigningKey
from oauth_guard.testing.issuer import Outage
from tests.builders.jwt_issuer import (
    GOOD,
    ISSUER,
    JWTIssuerHarness,
    refuse_connection,
    token_with_unknown_key,
    wait_for_background_tasks,
)

LIFETIME, STALE_FOR, COOLDOWN, LONGEST_BACKOFF = 600, 3600, 30, 60


def times_out(request: httpx.Request) -> httpx.Response:
    """Answer as a host that is silent."""
    raise httpx.ReadTimeout("silence", request=request)


@pytest.mark.parametrize(
    ("outage", "reason"),
    [
        pytest.param(refuse_connection, Reason.UNREACHABLE, id="refuses connections"),
        pytest.param(times_out, Reason.TIMED_OUT, id="is silent"),
        pytest.param(lambda _: httpx.Response(500), Reason.BAD_RESPONSE, id="fails"),
        pytest.param(lambda _: httpx.Response(204), Reason.BAD_RESPONSE, id="has no content"),
        pytest.param(lambda _: httpx.Response(200, json=[]), Reason.BAD_RESPONSE, id="an array"),
        pytest.param(lambda _: httpx.Response(200, json={}), Reason.BAD_RESPONSE, id="no keys"),
        pytest.param(
            lambda _: httpx.Response(200, json={"keys": {}}),
            Reason.BAD_RESPONSE,
            id="keys no array",
        ),
        pytest.param(
            lambda _: httpx.Response(200, json={"keys": [{}] * 101}),
            Reason.BAD_RESPONSE,
            id="too many keys",
        ),
        pytest.param(
            lambda _: httpx.Response(200, content=b'{"keys": [], "keys": []}'),
            Reason.BAD_RESPONSE,
            id="a member named twice",
        ),
    ],
)
async def test_a_key_set_that_fails_is_an_outage_with_its_reason(
    outage: Outage, reason: Reason
) -> None:
    """Whatever the issuer does wrong, with nothing cached the token is not judged."""
    harness = JWTIssuerHarness(jwks_uri=f"{ISSUER}/jwks")
    harness.local.outage = outage
    error = await harness.unavailable()
    assert (error.issuer, error.reason) == (ISSUER, reason)
    assert 1 <= error.retry_after <= LONGEST_BACKOFF


async def test_the_last_known_good_keys_serve_until_their_end() -> None:
    """During an outage keys serve for `stale_if_error` longer, to the second."""
    harness = JWTIssuerHarness()
    assert await harness.verdict() == GOOD
    harness.local.outage = refuse_connection
    for age in (480, LIFETIME, LIFETIME + STALE_FOR - 1):
        harness.clock.now = 1000 + age
        assert await harness.verdict() == GOOD
        await wait_for_background_tasks()
    harness.clock.advance(1)
    error = await harness.unavailable()
    assert error.reason == Reason.UNREACHABLE
    assert 1 <= error.retry_after <= LONGEST_BACKOFF


async def test_stale_for_zero_ends_with_the_lifetime() -> None:
    """Who wants no last known good says so."""
    harness = JWTIssuerHarness(jwks_cache=JWKSCache(stale_if_error=0))
    assert await harness.verdict() == GOOD
    harness.local.outage = refuse_connection
    harness.clock.advance(LIFETIME - 1)
    assert await harness.verdict() == GOOD
    await wait_for_background_tasks()
    harness.clock.advance(1)
    assert await harness.verdict() == Reason.UNREACHABLE


async def test_while_backing_off_nobody_asks_and_nobody_waits() -> None:
    """Requests of one moment share one attempt, also when they come one after another."""
    harness = JWTIssuerHarness()
    harness.local.outage = refuse_connection
    assert [await harness.verdict() for _ in range(100)] == [Reason.UNREACHABLE] * 100
    assert len(harness.local.requests) == 1


@pytest.mark.parametrize("keys_are_here", [True, False], ids=["last known good", "cold"])
async def test_attempts_back_off(keys_are_here: bool) -> None:
    """In ten minutes of outage with ten requests a second the issuer is asked a few times."""
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
    assert 600 / LONGEST_BACKOFF <= harness.fetches - before <= 80


async def test_processes_that_failed_together_do_not_come_back_together() -> None:
    """Of many that wait for up to a second, some ask after half of it, and some do not yet."""
    harnesses = [JWTIssuerHarness() for _ in range(100)]
    asked = set()
    for harness in harnesses:
        harness.local.outage = refuse_connection
        assert await harness.verdict() == Reason.UNREACHABLE
        harness.clock.advance(0.5)
        await harness.verdict()
        asked.add(len(harness.local.requests))
    assert asked == {1, 2}


async def test_recovery_needs_no_restart() -> None:
    """Once the issuer is back and the back-off over, the next request is served."""
    harness = JWTIssuerHarness()
    harness.local.outage = refuse_connection
    for _ in range(20):
        assert await harness.verdict() == Reason.UNREACHABLE
        harness.clock.advance(LONGEST_BACKOFF)
    harness.local.outage = None
    assert await harness.verdict() == GOOD


async def test_a_token_that_only_newer_keys_could_judge_is_an_outage() -> None:
    """During an outage an unknown key is no reason for a 401, nor for one attempt each."""
    harness = JWTIssuerHarness()
    assert await harness.verdict() == GOOD
    old = harness.local.token("read")
    harness.local.outage = refuse_connection
    harness.clock.advance(COOLDOWN)
    tokens = [token_with_unknown_key(harness.local, name) for name in ("unknown", "k1")]
    for token in tokens * 50:
        assert await harness.verdict(token) == Reason.UNREACHABLE
        assert await harness.verdict(old) == GOOD
    await wait_for_background_tasks()
    assert len(harness.local.requests) <= 4  # discovery, keys, and an attempt or two
    harness.local.outage = None
    harness.clock.advance(LONGEST_BACKOFF)
    harness.local.rotate(SigningKey("k2"))
    assert await harness.verdict() == GOOD


async def test_a_silent_issuer_is_given_up_at_the_deadline() -> None:
    """The deadline covers all of a fetch, whatever the client's own time-outs are."""
    harness = JWTIssuerHarness(jwks_cache=JWKSCache(deadline=0.05))
    harness.block()
    async with asyncio.timeout(5):
        assert await harness.verdict() == Reason.TIMED_OUT
    assert not harness.issuer.ready


async def test_metadata_that_is_lost_is_looked_for_again() -> None:
    """After a failure the address of the keys is asked for anew."""
    harness = JWTIssuerHarness()
    assert await harness.verdict() == GOOD
    harness.local.outage = refuse_connection
    harness.clock.advance(480)
    await harness.verdict()
    await wait_for_background_tasks()
    harness.local.outage = None
    harness.local.requests.clear()
    harness.clock.advance(LONGEST_BACKOFF)
    await harness.verdict()
    await wait_for_background_tasks()
    assert harness.local.requests == [
        f"{ISSUER}/.well-known/oauth-authorization-server",
        f"{ISSUER}/jwks",
    ]


async def test_outages_are_logged_without_the_token(caplog: pytest.LogCaptureFixture) -> None:
    """The operator reads which issuer, where and why."""
    harness = JWTIssuerHarness(jwks_uri=f"{ISSUER}/jwks")
    harness.local.outage = refuse_connection
    token = harness.local.token("read")
    await harness.verdict(token)
    ours = [record for record in caplog.records if record.name == "oauth_guard"]
    assert [record.getMessage() for record in ours] == [
        f"{ISSUER}: request to {ISSUER}/jwks failed: ConnectError('refused')",
        f"{ISSUER}: keys could not be fetched: unreachable",
    ]
    assert {record.levelname for record in ours} == {"WARNING"}
    assert not [part for part in token.split(".") if part in caplog.text]
