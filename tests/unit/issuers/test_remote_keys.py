"""A remote key set: fresh, refreshed ahead, asked again for what it does not know."""

import math

import httpx
import pytest

from oauth_guard.errors import ConfigurationError, Reason
from oauth_guard.issuers.remote_keys import JWKSCache
from oauth_guard.testing import SigningKey
from tests.builders.jwt_issuer import (
    GOOD,
    ISSUER,
    JWTIssuerHarness,
    refuse_connection,
    token_with_unknown_key,
    wait_for_background_tasks,
)

LIFETIME, STALE_FOR, COOLDOWN = 600, 3600, 30


async def loaded(**settings: object) -> JWTIssuerHarness:
    """Return a harness in which one token was judged, so the keys are here."""
    harness = JWTIssuerHarness(**settings)
    assert await harness.verdict() == GOOD
    return harness


async def test_the_first_token_fetches_metadata_and_keys_once() -> None:
    """A name is enough: metadata tells where the keys are."""
    harness = await loaded()
    assert harness.local.requests == [
        f"{ISSUER}/.well-known/oauth-authorization-server",
        f"{ISSUER}/jwks",
    ]


@pytest.mark.parametrize("age", [0, 1, 300, 479])
async def test_fresh_keys_cause_no_fetch(age: float) -> None:
    """Before 80 % of their lifetime have passed, keys serve without a request."""
    harness = await loaded()
    harness.clock.advance(age)
    assert [await harness.verdict() for _ in range(20)] == [GOOD] * 20
    await wait_for_background_tasks()
    assert harness.fetches == 1


@pytest.mark.parametrize("age", [480, 599, LIFETIME, LIFETIME + STALE_FOR - 1])
async def test_a_refresh_happens_in_the_background(age: float) -> None:
    """The request that finds the keys ageing is served by them, while the issuer still thinks."""
    harness = await loaded()
    harness.block()
    harness.clock.advance(age)
    assert [await harness.verdict() for _ in range(20)] == [GOOD] * 20
    await harness.request_received.wait()
    harness.unblock()
    await wait_for_background_tasks()
    assert await harness.verdict() == GOOD
    assert harness.fetches == 2


async def test_keys_that_nobody_asked_for_are_fetched_anew_when_their_end_has_passed() -> None:
    """After a quiet night the first request waits for new keys, and old ones do not verify."""
    harness = await loaded()
    old = harness.local.token("read")
    harness.local.keys = [SigningKey("k2")]
    harness.clock.advance(LIFETIME + STALE_FOR)
    assert not harness.issuer.ready
    assert await harness.verdict() == GOOD
    assert await harness.verdict(old) == Reason.UNKNOWN_KEY


@pytest.mark.parametrize(
    ("cache_control", "refresh_at"),
    [
        pytest.param("max-age=3600", 2880, id="honoured"),
        pytest.param('public, MAX-AGE="3600"', 2880, id="quoted, among others, in capitals"),
        pytest.param("s-maxage=10,max-age=3600", 2880, id="not the shared one"),
        pytest.param("max-age=60", 240, id="at least 5 minutes"),
        pytest.param("max-age=0", 240, id="zero"),
        pytest.param("max-age=999999999", 69120, id="at most a day"),
        pytest.param("max-age=9999999999999", 480, id="too many digits, so the default"),
        pytest.param("max-age=-1", 480, id="negative, so the default"),
        pytest.param("max-age=soon", 480, id="no number, so the default"),
        pytest.param("no-cache", 480, id="without it the default"),
    ],
)
async def test_the_issuer_says_how_long_keys_are_fresh(
    cache_control: str, refresh_at: float
) -> None:
    """`Cache-Control: max-age` is honoured between 5 minutes and 24 hours."""
    harness = JWTIssuerHarness(jwks_uri=f"{ISSUER}/jwks")
    headers = {"cache-control": cache_control}
    harness.local.outage = lambda _: httpx.Response(200, json=harness.local.jwks, headers=headers)
    assert await harness.verdict() == GOOD
    for age, fetches in ((refresh_at - 1, 1), (refresh_at, 2)):
        harness.clock.now = 1000 + age
        assert await harness.verdict() == GOOD
        await wait_for_background_tasks()
        assert harness.fetches == fetches


@pytest.mark.parametrize("clock", ["max_age", "cooldown", "stale_if_error", "deadline"])
def test_no_clock_is_endless(clock: str) -> None:
    """Keys that are never asked for again could never be withdrawn."""
    with pytest.raises(ConfigurationError, match="JWKSCache takes seconds"):
        JWKSCache(**{clock: math.inf})


async def test_a_new_key_is_picked_up_at_its_first_token() -> None:
    """A key that is unknown is asked for once, and its token is judged again."""
    harness = await loaded()
    harness.clock.advance(COOLDOWN)
    harness.local.rotate(SigningKey("k2"))
    assert await harness.verdict() == GOOD
    assert harness.fetches == 2


async def test_a_key_replaced_under_its_old_name_is_picked_up() -> None:
    """A bad signature under a known name is as good a reason to ask as an unknown name."""
    harness = await loaded()
    harness.clock.advance(COOLDOWN)
    harness.local.keys = [SigningKey("k1")]
    assert await harness.verdict() == GOOD
    assert harness.fetches == 2


async def test_a_name_that_was_guessed_too_early_is_not_held_against_its_key() -> None:
    """Whoever knows what the next key is called can't lock it out before it is published."""
    harness = await loaded()
    harness.clock.advance(COOLDOWN)
    assert await harness.verdict(token_with_unknown_key(harness.local, "k2")) == Reason.UNKNOWN_KEY
    harness.local.rotate(SigningKey("k2"))
    harness.clock.advance(COOLDOWN)
    assert await harness.verdict() == GOOD


async def test_unknown_keys_do_not_hammer_the_issuer() -> None:
    """A hundred tokens by a hundred unknown keys cause one fetch, and disturb no good token."""
    harness = await loaded()
    harness.clock.advance(COOLDOWN)
    for number in range(100):
        token = token_with_unknown_key(harness.local, f"unknown-{number}")
        assert await harness.verdict(token) == Reason.UNKNOWN_KEY
        assert await harness.verdict() == GOOD
    assert harness.fetches == 2


async def test_bad_signatures_do_not_hammer_the_issuer() -> None:
    """A hundred forgeries under a known name cause one fetch, and disturb no good token."""
    harness = await loaded()
    harness.clock.advance(COOLDOWN)
    for _ in range(100):
        assert (
            await harness.verdict(token_with_unknown_key(harness.local, "k1"))
            == Reason.BAD_SIGNATURE
        )
        assert await harness.verdict() == GOOD
    assert harness.fetches == 2


@pytest.mark.parametrize(
    ("seconds", "fetches"), [(0, 1), (COOLDOWN - 1, 1), (COOLDOWN, 2), (2 * COOLDOWN, 2)]
)
async def test_the_cool_down_counts_from_the_last_fetch(seconds: float, fetches: int) -> None:
    """Inside the cool-down an unknown key is refused at once; after it, it is asked for."""
    harness = await loaded()
    harness.clock.advance(seconds)
    assert await harness.verdict(token_with_unknown_key(harness.local)) == Reason.UNKNOWN_KEY
    assert harness.fetches == fetches


async def test_an_unknown_key_at_the_cold_start_is_asked_for_once() -> None:
    """Keys that were fetched for this very token are as new as can be."""
    harness = JWTIssuerHarness()
    assert await harness.verdict(token_with_unknown_key(harness.local)) == Reason.UNKNOWN_KEY
    assert harness.fetches == 1


async def test_a_key_that_a_refresh_omits_stops_verifying_at_once() -> None:
    """Withdrawing a key works by the next refresh, not by the end of some cache."""
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
        pytest.param({"keys": [{"kty": "FOO"}, 5]}, id="only odd ones"),
    ],
)
async def test_a_key_set_without_a_usable_key_is_an_outage(jwks: dict[str, object]) -> None:
    """Nobody's token can be judged then, which is no client's fault; the old keys are withdrawn."""
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


async def test_keys_that_moved_are_found() -> None:
    """A token by an unknown key has the metadata read again, though the old address answers."""
    harness = JWTIssuerHarness()
    documents = {
        "/.well-known/oauth-authorization-server": harness.local.metadata,
        "/jwks": harness.local.jwks,
    }
    harness.local.outage = lambda request: httpx.Response(200, json=documents[request.url.path])
    assert await harness.verdict() == GOOD
    harness.local.keys = [SigningKey("k2")]
    harness.local.metadata["jwks_uri"] = f"{ISSUER}/new/jwks"
    documents["/new/jwks"] = harness.local.jwks
    harness.clock.advance(COOLDOWN)
    assert await harness.verdict() == GOOD


async def test_ready_says_whether_tokens_can_be_judged_now() -> None:
    """Cold is not ready; an outage does not change that until the last known good keys end."""
    harness = JWTIssuerHarness()
    states = [harness.issuer.ready]
    harness.issuer.start()
    await wait_for_background_tasks()
    states.append(harness.issuer.ready)
    harness.local.outage = refuse_connection
    harness.clock.advance(LIFETIME + STALE_FOR - 1)
    await harness.verdict()
    await wait_for_background_tasks()
    states.append(harness.issuer.ready)
    harness.clock.advance(1)
    states.append(harness.issuer.ready)
    harness.local.outage = None
    harness.clock.advance(60)
    assert await harness.verdict() == GOOD
    assert [*states, harness.issuer.ready] == [False, True, True, False, True]
