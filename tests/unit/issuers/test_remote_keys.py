"""RemoteKeySet: when keys are fetched and refreshed."""

import httpx
import pytest

from oauth_guard.errors import Reason
from oauth_guard.testing import SigningKey
from tests.builders.jwt_issuer import (
    GOOD,
    ISSUER,
    JWTIssuerHarness,
    refuse_connection,
    wait_for_background_tasks,
)

MAX_AGE, STALE_IF_ERROR = 600, 3600


async def loaded(**settings: object) -> JWTIssuerHarness:
    """Return a harness that has validated one token, so that its keys are cached."""
    harness = JWTIssuerHarness(**settings)
    assert await harness.verdict() == GOOD
    return harness


async def test_first_token_fetches_metadata_and_keys_once() -> None:
    """The issuer identifier is sufficient: the metadata contains `jwks_uri`."""
    harness = await loaded()
    assert harness.local.requests == [
        f"{ISSUER}/.well-known/oauth-authorization-server",
        f"{ISSUER}/jwks",
    ]


@pytest.mark.parametrize("age", [0, 1, 300, 479])
async def test_fresh_keys_are_used_without_a_fetch(age: float) -> None:
    """Keys are fresh until 80 % of their `max_age`."""
    harness = await loaded()
    harness.clock.advance(age)
    assert [await harness.verdict() for _ in range(20)] == [GOOD] * 20
    await wait_for_background_tasks()
    assert harness.fetches == 1


@pytest.mark.parametrize("age", [480, 599, MAX_AGE, MAX_AGE + STALE_IF_ERROR - 1])
async def test_keys_are_refreshed_in_the_background(age: float) -> None:
    """Requests are served with the old keys while the issuer has not responded."""
    harness = await loaded()
    harness.block()
    harness.clock.advance(age)
    assert [await harness.verdict() for _ in range(20)] == [GOOD] * 20
    await harness.request_received.wait()
    harness.unblock()
    await wait_for_background_tasks()
    assert await harness.verdict() == GOOD
    assert harness.fetches == 2


async def test_expired_keys_are_fetched_again_and_not_used() -> None:
    """After hours without requests, the first one waits for the new keys."""
    harness = await loaded()
    old = harness.local.token("read")
    harness.local.keys = [SigningKey("k2")]
    harness.clock.advance(MAX_AGE + STALE_IF_ERROR)
    assert not harness.issuer.ready
    assert await harness.verdict() == GOOD
    assert await harness.verdict(old) == Reason.UNKNOWN_KEY


@pytest.mark.parametrize(
    ("cache_control", "refresh_at"),
    [
        pytest.param("max-age=3600", 2880, id="used"),
        pytest.param('public, MAX-AGE="3600"', 2880, id="quoted, among others, in capitals"),
        pytest.param("s-maxage=10,max-age=3600", 2880, id="s-maxage is ignored"),
        pytest.param("max-age=60", 240, id="at least 5 minutes"),
        pytest.param("max-age=0", 240, id="zero, so 5 minutes"),
        pytest.param("max-age=999999999", 69120, id="at most a day"),
        pytest.param("max-age=9999999999999", 480, id="too many digits, so the default"),
        pytest.param("max-age=-1", 480, id="negative, so the default"),
        pytest.param("max-age=soon", 480, id="no number, so the default"),
        pytest.param("no-cache", 480, id="without it the default"),
    ],
)
async def test_max_age_of_the_issuer_is_used_between_5_minutes_and_24_hours(
    cache_control: str, refresh_at: float
) -> None:
    """A value that can't be read leaves the default."""
    harness = JWTIssuerHarness(jwks_uri=f"{ISSUER}/jwks")
    headers = {"cache-control": cache_control}
    harness.local.outage = lambda _: httpx.Response(200, json=harness.local.jwks, headers=headers)
    assert await harness.verdict() == GOOD
    for age, fetches in ((refresh_at - 1, 1), (refresh_at, 2)):
        harness.clock.now = 1000 + age
        assert await harness.verdict() == GOOD
        await wait_for_background_tasks()
        assert harness.fetches == fetches


async def test_key_that_a_refresh_omits_is_not_used_any_more() -> None:
    """A withdrawn key is unusable from the next refresh on."""
    harness = await loaded()
    old = harness.local.token("read")
    harness.local.keys = [SigningKey("k2")]
    assert await harness.verdict(old) == GOOD
    harness.clock.advance(480)
    await harness.verdict(old)
    await wait_for_background_tasks()
    assert await harness.verdict(old) == Reason.UNKNOWN_KEY


@pytest.mark.parametrize(
    "jwks",
    [
        pytest.param({"keys": []}, id="no key"),
        pytest.param({"keys": [{"kty": "FOO"}, 5]}, id="no usable key"),
    ],
)
async def test_key_set_without_a_usable_key_is_an_outage(jwks: dict[str, object]) -> None:
    """The issuer withdrew its keys, so the old ones are not used, and no caller gets a 401."""
    harness = await loaded()
    harness.local.outage = lambda _: httpx.Response(200, json=jwks)
    harness.clock.advance(480)
    await harness.verdict()
    await wait_for_background_tasks()
    assert await harness.verdict() == Reason.NO_USABLE_KEYS
    assert not harness.issuer.ready
    harness.local.outage = None
    harness.clock.advance(60)
    assert await harness.verdict() == GOOD


async def test_ready_is_true_while_usable_keys_are_cached() -> None:
    """An outage does not change it until the last known good keys expire."""
    harness = JWTIssuerHarness()
    states = [harness.issuer.ready]
    harness.issuer.start()
    await wait_for_background_tasks()
    states.append(harness.issuer.ready)
    harness.local.outage = refuse_connection
    harness.clock.advance(MAX_AGE + STALE_IF_ERROR - 1)
    await harness.verdict()
    await wait_for_background_tasks()
    states.append(harness.issuer.ready)
    harness.clock.advance(1)
    states.append(harness.issuer.ready)
    harness.local.outage = None
    harness.clock.advance(60)
    assert await harness.verdict() == GOOD
    assert [*states, harness.issuer.ready] == [False, True, True, False, True]
