"""What a key set says of its own keys at once: for how long what they verified stays true."""

from collections.abc import Callable

import httpx
import pytest

from oauth_guard.errors import Reason
from oauth_guard.issuers.remote_keys import JWKSCache
from oauth_guard.protocol.raw_token import RawToken
from oauth_guard.testing import SigningKey
from tests.unit.issuers.scene import GOOD, Scene, background_is_done, by_unknown_key, unreachable

LIFETIME, REFRESH_AT, STALE_FOR = 600, 480, 100


async def scene_and_word() -> tuple[Scene, Callable[[], bool]]:
    """Return a scene whose keys are here, and what a token that they verified carries."""
    scene = Scene(jwks_cache=JWKSCache(max_age=LIFETIME, cooldown=0, stale_if_error=STALE_FOR))
    assert await scene.verdict() == GOOD
    token = await scene.issuer.validate(RawToken(scene.local.token("read")))
    assert token.stands is not None
    return scene, token.stands


def nothing(_scene: Scene) -> None:
    """Change nothing."""


def added(scene: Scene) -> None:
    """Publish one more key."""
    scene.local.rotate(SigningKey("k2"))


def replaced(scene: Scene) -> None:
    """Publish another key by the name that the first one had."""
    scene.local.keys[:] = [SigningKey("k1")]


def dropped(scene: Scene) -> None:
    """Publish another key alone."""
    scene.local.keys[:] = [SigningKey("k2")]


@pytest.mark.parametrize(
    ("change", "stands"), [(nothing, True), (added, True), (replaced, False), (dropped, False)]
)
async def test_a_refresh_ends_it_where_a_key_has_gone(
    change: Callable[[Scene], None], stands: bool
) -> None:
    """Not where the keys are the same, or more: then what was good is so yet."""
    scene, word = await scene_and_word()
    change(scene)
    await scene.verdict(by_unknown_key(scene.local))
    assert scene.fetches == 2
    assert word() is stands


async def test_keys_that_were_withdrawn_vouch_for_nothing_again() -> None:
    """Not when none is published, and not when the same come back."""
    scene, word = await scene_and_word()
    published = list(scene.local.keys)
    scene.local.keys.clear()
    unknown = by_unknown_key(scene.local)
    assert await scene.verdict(unknown) == Reason.NO_USABLE_KEYS
    assert not word()
    scene.local.keys[:] = published
    scene.clock.advance(1)
    assert await scene.verdict() == GOOD
    assert not word()


async def test_it_ends_while_a_refresh_is_due() -> None:
    """So that somebody walks the path, where the keys are fetched, if no timer did it."""
    scene, word = await scene_and_word()
    scene.clock.advance(REFRESH_AT - 1)
    assert word()
    scene.clock.advance(1)
    assert not word()
    assert await scene.verdict() == GOOD
    await background_is_done()
    assert word()


async def test_it_ends_with_the_last_known_good_keys() -> None:
    """However long it is until they are fetched once more."""
    scene, word = await scene_and_word()
    scene.local.outage = unreachable
    for age in (*range(REFRESH_AT, LIFETIME + STALE_FOR), LIFETIME + STALE_FOR - 0.001):
        scene.clock.now = 1000 + age
        assert await scene.verdict() == GOOD
        await background_is_done()
    scene.clock.now = 1000 + LIFETIME + STALE_FOR
    assert not word()


async def test_a_token_of_an_outage_that_passed_stands() -> None:
    """What failed and was tried again with success ends nothing."""
    scene, word = await scene_and_word()
    scene.local.outage = lambda _: httpx.Response(500)
    scene.clock.advance(REFRESH_AT)
    assert await scene.verdict() == GOOD
    await background_is_done()
    scene.local.outage = None
    scene.clock.advance(60)
    assert await scene.verdict() == GOOD
    await background_is_done()
    assert word()
