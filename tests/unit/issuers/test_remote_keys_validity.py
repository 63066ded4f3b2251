"""RemoteKeySet.is_current: until when a result verified with the keys may be reused."""

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

MAX_AGE, REFRESH_AT, STALE_IF_ERROR = 600, 480, 100


async def loaded() -> tuple[JWTIssuerHarness, Callable[[], bool]]:
    """Return a harness with cached keys, and `is_current` of a validated token."""
    harness = JWTIssuerHarness(
        jwks_cache=JWKSCache(max_age=MAX_AGE, cooldown=0, stale_if_error=STALE_IF_ERROR)
    )
    assert await harness.verdict() == GOOD
    token = await harness.issuer.validate(RawToken(harness.local.token("read")))
    assert token.is_current is not None
    return harness, token.is_current


def keep(_harness: JWTIssuerHarness) -> None:
    """Change nothing."""


def add(harness: JWTIssuerHarness) -> None:
    """Publish an additional key."""
    harness.local.rotate(SigningKey("k2"))


def replace(harness: JWTIssuerHarness) -> None:
    """Publish another key under the same `kid`."""
    harness.local.keys[:] = [SigningKey("k1")]


def remove(harness: JWTIssuerHarness) -> None:
    """Publish another key only."""
    harness.local.keys[:] = [SigningKey("k2")]


@pytest.mark.parametrize(
    ("change", "current"), [(keep, True), (add, True), (replace, False), (remove, False)]
)
async def test_result_is_not_current_after_a_refresh_that_removed_a_key(
    change: Callable[[JWTIssuerHarness], None], current: bool
) -> None:
    """A refresh that keeps the keys or adds one has no effect."""
    harness, is_current = await loaded()
    change(harness)
    await harness.verdict(token_with_unknown_key(harness.local))
    assert harness.fetches == 2
    assert is_current() is current


async def test_result_is_never_current_again_after_its_keys_were_withdrawn() -> None:
    """Not even when the issuer publishes the same keys again."""
    harness, is_current = await loaded()
    published = list(harness.local.keys)
    harness.local.keys.clear()
    unknown = token_with_unknown_key(harness.local)
    assert await harness.verdict(unknown) == Reason.NO_USABLE_KEYS
    assert not is_current()
    harness.local.keys[:] = published
    harness.clock.advance(1)
    assert await harness.verdict() == GOOD
    assert not is_current()


async def test_result_is_not_current_while_a_refresh_is_due() -> None:
    """The next request then fetches the keys if the timer did not."""
    harness, is_current = await loaded()
    harness.clock.advance(REFRESH_AT - 1)
    assert is_current()
    harness.clock.advance(1)
    assert not is_current()
    assert await harness.verdict() == GOOD
    await wait_for_background_tasks()
    assert is_current()


async def test_result_is_not_current_after_the_last_known_good_keys_expired() -> None:
    """However often a refresh has failed before."""
    harness, is_current = await loaded()
    harness.local.outage = refuse_connection
    for age in (*range(REFRESH_AT, MAX_AGE + STALE_IF_ERROR), MAX_AGE + STALE_IF_ERROR - 0.001):
        harness.clock.now = 1000 + age
        assert await harness.verdict() == GOOD
        await wait_for_background_tasks()
    harness.clock.now = 1000 + MAX_AGE + STALE_IF_ERROR
    assert not is_current()


async def test_result_is_current_after_an_outage_is_over() -> None:
    """A failed refresh that succeeded later has no effect."""
    harness, is_current = await loaded()
    harness.local.outage = lambda _: httpx.Response(500)
    harness.clock.advance(REFRESH_AT)
    assert await harness.verdict() == GOOD
    await wait_for_background_tasks()
    harness.local.outage = None
    harness.clock.advance(60)
    assert await harness.verdict() == GOOD
    await wait_for_background_tasks()
    assert is_current()
