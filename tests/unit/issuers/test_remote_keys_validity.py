"""What a key set says of its own keys at once: for how long what they verified stays true."""

from collections.abc import Callable

import httpx
import pytest

from oauth_guard.errors import Reason
from oauth_guard.issuers.remote_keys import JWKSCache
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.testing import SigningKey
from tests.builders.jwt_issuer import (
    GOOD,
    JWTIssuerHarness,
    refuse_connection,
    token_with_unknown_key,
    wait_for_background_tasks,
)

LIFETIME, REFRESH_AT, STALE_FOR = 600, 480, 100


async def scene_and_word() -> tuple[JWTIssuerHarness, Callable[[], bool]]:
    """Return a harness whose keys are here, and what a token that they verified carries."""
    harness = JWTIssuerHarness(
        jwks_cache=JWKSCache(max_age=LIFETIME, cooldown=0, stale_if_error=STALE_FOR)
    )
    assert await harness.verdict() == GOOD
    token = await harness.issuer.validate(RawToken(harness.local.token("read")))
    assert token.is_current is not None
    return harness, token.is_current


def nothing(_scene: JWTIssuerHarness) -> None:
    """Change nothing."""


def added(harness: JWTIssuerHarness) -> None:
    """Publish one more key."""
    harness.local.rotate(SigningKey("k2"))


def replaced(harness: JWTIssuerHarness) -> None:
    """Publish another key by the name that the first one had."""
    harness.local.keys[:] = [SigningKey("k1")]


def dropped(harness: JWTIssuerHarness) -> None:
    """Publish another key alone."""
    harness.local.keys[:] = [SigningKey("k2")]


@pytest.mark.parametrize(
    ("change", "stands"), [(nothing, True), (added, True), (replaced, False), (dropped, False)]
)
async def test_a_refresh_ends_it_where_a_key_has_gone(
    change: Callable[[JWTIssuerHarness], None], stands: bool
) -> None:
    """Not where the keys are the same, or more: then what was good is so yet."""
    harness, word = await scene_and_word()
    change(harness)
    await harness.verdict(token_with_unknown_key(harness.local))
    assert harness.fetches == 2
    assert word() is stands


async def test_keys_that_were_withdrawn_vouch_for_nothing_again() -> None:
    """Not when none is published, and not when the same come back."""
    harness, word = await scene_and_word()
    published = list(harness.local.keys)
    harness.local.keys.clear()
    unknown = token_with_unknown_key(harness.local)
    assert await harness.verdict(unknown) == Reason.NO_USABLE_KEYS
    assert not word()
    harness.local.keys[:] = published
    harness.clock.advance(1)
    assert await harness.verdict() == GOOD
    assert not word()


async def test_it_ends_while_a_refresh_is_due() -> None:
    """So that somebody walks the path, where the keys are fetched, if no timer did it."""
    harness, word = await scene_and_word()
    harness.clock.advance(REFRESH_AT - 1)
    assert word()
    harness.clock.advance(1)
    assert not word()
    assert await harness.verdict() == GOOD
    await wait_for_background_tasks()
    assert word()


async def test_it_ends_with_the_last_known_good_keys() -> None:
    """However long it is until they are fetched once more."""
    harness, word = await scene_and_word()
    harness.local.outage = refuse_connection
    for age in (*range(REFRESH_AT, LIFETIME + STALE_FOR), LIFETIME + STALE_FOR - 0.001):
        harness.clock.now = 1000 + age
        assert await harness.verdict() == GOOD
        await wait_for_background_tasks()
    harness.clock.now = 1000 + LIFETIME + STALE_FOR
    assert not word()


async def test_a_token_of_an_outage_that_passed_stands() -> None:
    """What failed and was tried again with success ends nothing."""
    harness, word = await scene_and_word()
    harness.local.outage = lambda _: httpx.Response(500)
    harness.clock.advance(REFRESH_AT)
    assert await harness.verdict() == GOOD
    await wait_for_background_tasks()
    harness.local.outage = None
    harness.clock.advance(60)
    assert await harness.verdict() == GOOD
    await wait_for_background_tasks()
    assert word()
