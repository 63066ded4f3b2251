"""Keys that are rotated under load: as it is done, nobody notices; without notice, briefly."""

import asyncio
import time
from collections.abc import Callable

import pytest

from oauth_guard import Guard, JWTIssuer
from oauth_guard.issuers.remote_keys import JWKSCache
from oauth_guard.testing import SigningKey
from tests.builders.clock import FakeClock
from tests.robustness.load.authority import RESOURCE, Authority
from tests.robustness.load.traffic import Traffic

COOLDOWN = 1
TOKEN_LIFETIME = 0.5
ROTATIONS, REQUESTS, CALLERS = 3, 2000, 10


def wallet(authority: Authority) -> Callable[[], str]:
    """Return what hands out a token, and gets a new one when its life is over."""
    token, until = "", 0.0

    def current() -> str:
        nonlocal token, until
        now = time.time()
        if now >= until:
            until = now + TOKEN_LIFETIME
            token = authority.local.token("read", exp=until)
        return token

    return current


async def rotate_as_it_is_done(authority: Authority, new: SigningKey) -> None:
    """Publish a key one cool-down before it signs, and the old one while its tokens live."""
    (old,) = authority.local.keys
    authority.publish(old, new)
    await asyncio.sleep(COOLDOWN)
    authority.publish(new, old)
    await asyncio.sleep(TOKEN_LIFETIME)
    authority.publish(new)


@pytest.mark.parametrize(
    ("lifetime", "fetches"),
    [
        pytest.param(600, range(2, 2 + ROTATIONS), id="its first token asks for it"),
        pytest.param(0.2, range(10, 1000), id="refreshes find it, and keep the cool-down going"),
    ],
)
async def test_rotation_as_it_is_done_refuses_nobody(
    authority: Authority, lifetime: float, fetches: range
) -> None:
    """Each new key is known, or asked for, when its first token comes."""
    times = JWKSCache(max_age=lifetime, cooldown=COOLDOWN)
    async with Guard(RESOURCE, [JWTIssuer(authority.local.issuer, jwks_cache=times)]) as guard:
        traffic = Traffic(guard)
        await traffic.send(authority.local.token("read"))
        async with traffic.flowing(CALLERS, wallet(authority)):
            for number in range(ROTATIONS):
                await rotate_as_it_is_done(authority, SigningKey(f"rotated-{number}"))
            while traffic.statuses.total() < REQUESTS:  # noqa: ASYNC110 - the callers are many
                await asyncio.sleep(0.01)
    assert set(traffic.statuses) == {200}
    assert authority.fetches in fetches


async def test_a_rotation_without_notice_refuses_for_one_cool_down_at_most(
    authority: Authority,
) -> None:
    """An issuer that lost its key signs with another one, and we have just asked for keys."""
    clock = FakeClock(1000)
    times = JWKSCache(cooldown=COOLDOWN)
    issuer = JWTIssuer(authority.local.issuer, jwks_cache=times, clock=clock)
    async with Guard(RESOURCE, [issuer]) as guard:
        traffic = Traffic(guard)
        old = [authority.local.token("read")] * 100
        assert await traffic.send_all(old) == {200: 100}
        authority.publish(SigningKey("unannounced"))
        new = [authority.local.token("read")] * 1000
        clock.advance(COOLDOWN / 2)
        assert await traffic.send_all(new) == {401: 1000}
        clock.advance(COOLDOWN / 2)
        assert await traffic.send_all(new) == {200: 1000}
        assert await traffic.send_all(old) == {401: 100}
    assert authority.fetches == 2
