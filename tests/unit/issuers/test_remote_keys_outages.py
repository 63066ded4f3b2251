"""A remote key set whose issuer fails: the last known good keys serve, and nobody gets a 401."""

import asyncio

import httpx
import pytest

from oauth_guard.errors import Reason
from oauth_guard.issuers.remote_keys import JWKSCache
from oauth_guard.testing import SigningKey
from oauth_guard.testing.issuer import Outage
from tests.unit.issuers.scene import (
    GOOD,
    ISSUER,
    Scene,
    background_is_done,
    by_unknown_key,
    unreachable,
)

LIFETIME, STALE_FOR, COOLDOWN, LONGEST_BACKOFF = 600, 3600, 30, 60


def times_out(request: httpx.Request) -> httpx.Response:
    """Answer as a host that is silent."""
    raise httpx.ReadTimeout("silence", request=request)


@pytest.mark.parametrize(
    ("outage", "reason"),
    [
        pytest.param(unreachable, Reason.UNREACHABLE, id="refuses connections"),
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
    scene = Scene(jwks_uri=f"{ISSUER}/jwks")
    scene.local.outage = outage
    error = await scene.outage()
    assert (error.issuer, error.reason) == (ISSUER, reason)
    assert 1 <= error.retry_after <= LONGEST_BACKOFF


async def test_the_last_known_good_keys_serve_until_their_end() -> None:
    """During an outage keys serve for `stale_if_error` longer, to the second."""
    scene = Scene()
    assert await scene.verdict() == GOOD
    scene.local.outage = unreachable
    for age in (480, LIFETIME, LIFETIME + STALE_FOR - 1):
        scene.clock.now = 1000 + age
        assert await scene.verdict() == GOOD
        await background_is_done()
    scene.clock.advance(1)
    error = await scene.outage()
    assert error.reason == Reason.UNREACHABLE
    assert 1 <= error.retry_after <= LONGEST_BACKOFF


async def test_stale_for_zero_ends_with_the_lifetime() -> None:
    """Who wants no last known good says so."""
    scene = Scene(jwks_cache=JWKSCache(stale_if_error=0))
    assert await scene.verdict() == GOOD
    scene.local.outage = unreachable
    scene.clock.advance(LIFETIME - 1)
    assert await scene.verdict() == GOOD
    await background_is_done()
    scene.clock.advance(1)
    assert await scene.verdict() == Reason.UNREACHABLE


async def test_while_backing_off_nobody_asks_and_nobody_waits() -> None:
    """Requests of one moment share one attempt, also when they come one after another."""
    scene = Scene()
    scene.local.outage = unreachable
    assert [await scene.verdict() for _ in range(100)] == [Reason.UNREACHABLE] * 100
    assert len(scene.local.requests) == 1


@pytest.mark.parametrize("keys_are_here", [True, False], ids=["last known good", "cold"])
async def test_attempts_back_off(keys_are_here: bool) -> None:
    """In ten minutes of outage with ten requests a second the issuer is asked a few times."""
    scene = Scene(jwks_cache=JWKSCache(max_age=1), jwks_uri=f"{ISSUER}/jwks")
    if keys_are_here:
        assert await scene.verdict() == GOOD
    scene.local.outage = unreachable
    token = scene.local.token("read")
    before = scene.fetches
    scene.clock.advance(1)
    for _ in range(6000):
        expected = GOOD if keys_are_here else Reason.UNREACHABLE
        assert await scene.verdict(token) == expected
        await background_is_done()
        scene.clock.advance(0.1)
    assert 600 / LONGEST_BACKOFF <= scene.fetches - before <= 80


async def test_processes_that_failed_together_do_not_come_back_together() -> None:
    """Of many that wait for up to a second, some ask after half of it, and some do not yet."""
    scenes = [Scene() for _ in range(100)]
    asked = set()
    for scene in scenes:
        scene.local.outage = unreachable
        assert await scene.verdict() == Reason.UNREACHABLE
        scene.clock.advance(0.5)
        await scene.verdict()
        asked.add(len(scene.local.requests))
    assert asked == {1, 2}


async def test_recovery_needs_no_restart() -> None:
    """Once the issuer is back and the back-off over, the next request is served."""
    scene = Scene()
    scene.local.outage = unreachable
    for _ in range(20):
        assert await scene.verdict() == Reason.UNREACHABLE
        scene.clock.advance(LONGEST_BACKOFF)
    scene.local.outage = None
    assert await scene.verdict() == GOOD


async def test_a_token_that_only_newer_keys_could_judge_is_an_outage() -> None:
    """During an outage an unknown key is no reason for a 401, nor for one attempt each."""
    scene = Scene()
    assert await scene.verdict() == GOOD
    old = scene.local.token("read")
    scene.local.outage = unreachable
    scene.clock.advance(COOLDOWN)
    tokens = [by_unknown_key(scene.local, name) for name in ("unknown", "k1")]
    for token in tokens * 50:
        assert await scene.verdict(token) == Reason.UNREACHABLE
        assert await scene.verdict(old) == GOOD
    await background_is_done()
    assert len(scene.local.requests) <= 4  # discovery, keys, and an attempt or two
    scene.local.outage = None
    scene.clock.advance(LONGEST_BACKOFF)
    scene.local.rotate(SigningKey("k2"))
    assert await scene.verdict() == GOOD


async def test_a_silent_issuer_is_given_up_at_the_deadline() -> None:
    """The deadline covers all of a fetch, whatever the client's own time-outs are."""
    scene = Scene(jwks_cache=JWKSCache(deadline=0.05))
    scene.hold()
    async with asyncio.timeout(5):
        assert await scene.verdict() == Reason.TIMED_OUT
    assert not scene.issuer.ready


async def test_metadata_that_is_lost_is_looked_for_again() -> None:
    """After a failure the address of the keys is asked for anew."""
    scene = Scene()
    assert await scene.verdict() == GOOD
    scene.local.outage = unreachable
    scene.clock.advance(480)
    await scene.verdict()
    await background_is_done()
    scene.local.outage = None
    scene.local.requests.clear()
    scene.clock.advance(LONGEST_BACKOFF)
    await scene.verdict()
    await background_is_done()
    assert scene.local.requests == [
        f"{ISSUER}/.well-known/oauth-authorization-server",
        f"{ISSUER}/jwks",
    ]


async def test_outages_are_logged_without_the_token(caplog: pytest.LogCaptureFixture) -> None:
    """The operator reads which issuer, where and why."""
    scene = Scene(jwks_uri=f"{ISSUER}/jwks")
    scene.local.outage = unreachable
    token = scene.local.token("read")
    await scene.verdict(token)
    ours = [record for record in caplog.records if record.name == "oauth_guard"]
    assert [record.getMessage() for record in ours] == [
        f"{ISSUER}: nobody answers at {ISSUER}/jwks: ConnectError('refused')",
        f"{ISSUER}: keys could not be fetched: unreachable",
    ]
    assert {record.levelname for record in ours} == {"WARNING"}
    assert not [part for part in token.split(".") if part in caplog.text]
