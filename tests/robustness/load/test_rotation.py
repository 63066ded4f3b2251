"""Key rotation under load: with notice no token is rejected; without notice, for one cool-down."""

import asyncio
import time
from collections.abc import Callable

import pytest

from oauth_guard import Guard, JWTIssuer
from oauth_guard.issuers.remote_keys import JWKSCache
from oauth_guard.testing import SigningKey
from tests.builders.clock import FakeClock
from tests.robustness.load.loopback_issuer import RESOURCE, LoopbackIssuer
from tests.robustness.load.traffic import Traffic

COOLDOWN = 1
TOKEN_LIFETIME = 0.5
ROTATIONS, REQUESTS, CALLERS = 3, 2000, 10


def token_source(server: LoopbackIssuer) -> Callable[[], str]:
    """Return a function that returns a valid token, and gets a new one when it has expired."""
    token, until = "", 0.0

    def current() -> str:
        nonlocal token, until
        now = time.time()
        if now >= until:
            until = now + TOKEN_LIFETIME
            token = server.local.token("read", exp=until)
        return token

    return current


async def rotate_with_notice(server: LoopbackIssuer, new: SigningKey) -> None:
    """Publish *new* one cool-down before it signs, and the old key while its tokens are valid."""
    (old,) = server.local.keys
    server.publish(old, new)
    await asyncio.sleep(COOLDOWN)
    server.publish(new, old)
    await asyncio.sleep(TOKEN_LIFETIME)
    server.publish(new)


@pytest.mark.parametrize(
    ("lifetime", "fetches"),
    [
        pytest.param(600, range(2, 2 + ROTATIONS), id="fetched for the first token"),
        pytest.param(0.2, range(10, 1000), id="found by refreshes"),
    ],
)
async def test_rotation_with_notice_rejects_no_token(
    server: LoopbackIssuer, lifetime: float, fetches: range
) -> None:
    """Each new key is known, or fetched, when its first token arrives."""
    jwks_cache = JWKSCache(max_age=lifetime, cooldown=COOLDOWN)
    async with Guard(RESOURCE, [JWTIssuer(server.local.issuer, jwks_cache=jwks_cache)]) as guard:
        traffic = Traffic(guard)
        await traffic.send(server.local.token("read"))
        async with traffic.flowing(CALLERS, token_source(server)):
            for number in range(ROTATIONS):
                await rotate_with_notice(server, SigningKey(f"rotated-{number}"))
            while traffic.statuses.total() < REQUESTS:  # noqa: ASYNC110 - many callers
                await asyncio.sleep(0.01)
    assert set(traffic.statuses) == {200}
    assert server.fetches in fetches


async def test_rotation_without_notice_rejects_no_token(server: LoopbackIssuer) -> None:
    """An issuer that lost its key signs with another one just after the keys were fetched."""
    clock = FakeClock(1000)
    issuer = JWTIssuer(server.local.issuer, clock=clock)
    async with Guard(RESOURCE, [issuer]) as guard:
        traffic = Traffic(guard)
        old = [server.local.token("read")] * 100
        assert await traffic.send_all(old) == {200: 100}
        server.publish(SigningKey("unannounced"))
        new = [server.local.token("read")] * 1000
        assert await traffic.send_all(new) == {200: 1000}
        assert await traffic.send_all(old) == {401: 100}
    assert server.fetches == 3  # one more for the old key, which may have come back
