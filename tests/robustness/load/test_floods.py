"""Floods of tokens by keys that nobody published: they cost one fetch, and no good token."""

import random
from dataclasses import replace

import httpx

from oauth_guard import Guard, JWTIssuer
from oauth_guard.testing import SigningKey
from tests.builders.clock import FakeClock
from tests.robustness.load.authority import RESOURCE, Authority
from tests.robustness.load.traffic import Traffic

COOLDOWN = 30
FLOOD = 1000


def forged(authority: Authority, key_id: str, key: SigningKey) -> str:
    """Return a token that says what a good one says, by a key that is not the issuer's."""
    payload = httpx.Response(200, json=authority.local.claims("read")).content
    return replace(key, key_id=key_id).sign(payload, {"typ": "at+jwt"})


async def test_a_thousand_unknown_keys_cost_one_fetch_and_no_good_token(
    authority: Authority,
) -> None:
    """After the cool-down the first of them asks; a rotation is then found one cool-down later."""
    clock = FakeClock(1000)
    async with Guard(RESOURCE, [JWTIssuer(authority.local.issuer, clock=clock)]) as guard:
        traffic = Traffic(guard)
        key = SigningKey("the attacker's")
        good = [authority.local.token("read")] * FLOOD
        bad = [forged(authority, f"{random.random()}", key) for _ in range(FLOOD)]  # noqa: S311
        assert await traffic.send_all(good[:100]) == {200: 100}
        clock.advance(COOLDOWN)
        assert await traffic.send_all(mixed(good, bad)) == {200: FLOOD, 401: FLOOD}
        assert authority.fetches == 2

        authority.publish(SigningKey("rotated"), *authority.local.keys)
        new = [authority.local.token("read")] * 100
        clock.advance(COOLDOWN)
        answers = await traffic.send_all(mixed(bad, good, new))
        assert answers == {200: FLOOD + 100, 401: FLOOD}
        assert authority.fetches == 3


def mixed(*kinds: list[str]) -> list[str]:
    """Return tokens of all *kinds*, in any order."""
    tokens = [token for kind in kinds for token in kind]
    random.shuffle(tokens)
    return tokens
