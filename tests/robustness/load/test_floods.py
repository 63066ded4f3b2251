"""Floods of tokens with unknown keys cost one fetch and reject no valid token."""

import random
from dataclasses import replace

import httpx

from oauth_guard import Guard, JWTIssuer
from oauth_guard.testing import SigningKey
from tests.builders.clock import FakeClock
from tests.robustness.load.loopback_issuer import RESOURCE, LoopbackIssuer
from tests.robustness.load.traffic import Traffic

COOLDOWN = 30
FLOOD = 1000


def forged(server: LoopbackIssuer, key_id: str, key: SigningKey) -> str:
    """Return a token with valid claims, signed by a key that the issuer does not publish."""
    payload = httpx.Response(200, json=server.local.claims("read")).content
    return replace(key, key_id=key_id).sign(payload, {"typ": "at+jwt"})


async def test_flood_of_unknown_keys_costs_one_fetch_and_rejects_no_valid_token(
    server: LoopbackIssuer,
) -> None:
    """The first token after a cool-down causes a fetch: a rotation is found a cool-down later."""
    clock = FakeClock(1000)
    async with Guard(RESOURCE, [JWTIssuer(server.local.issuer, clock=clock)]) as guard:
        traffic = Traffic(guard)
        key = SigningKey("attacker")
        valid = [server.local.token("read")] * FLOOD
        forgeries = [forged(server, f"{random.random()}", key) for _ in range(FLOOD)]  # noqa: S311
        assert await traffic.send_all(valid[:100]) == {200: 100}
        clock.advance(COOLDOWN)
        assert await traffic.send_all(shuffled(valid, forgeries)) == {200: FLOOD, 401: FLOOD}
        assert server.fetches == 2

        server.publish(SigningKey("rotated"), *server.local.keys)
        new = [server.local.token("read")] * 100
        clock.advance(COOLDOWN)
        statuses = await traffic.send_all(shuffled(forgeries, valid, new))
        assert statuses == {200: FLOOD + 100, 401: FLOOD}
        assert server.fetches == 3


def shuffled(*kinds: list[str]) -> list[str]:
    """Return the tokens of all *kinds*, in random order."""
    tokens = [token for kind in kinds for token in kind]
    random.shuffle(tokens)
    return tokens
