"""Outages of issuers under load: cached keys are used, then 503, and never 401."""

from collections import Counter

import pytest

from oauth_guard import Guard, JWTIssuer
from oauth_guard.testing import LocalIssuer
from tests.builders.clock import FakeClock
from tests.builders.jwt_issuer import wait_for_background_tasks
from tests.robustness.load.loopback_issuer import (
    RESOURCE,
    LoopbackIssuer,
    Outage,
    breaks_off,
    fails,
    is_silent,
)
from tests.robustness.load.traffic import Traffic
from tests.unit.http.loopback import closed_port

LIFETIME, STALE_FOR, LONGEST_BACKOFF = 600, 3600, 60
REFRESH, END = 480, LIFETIME + STALE_FOR
REQUESTS = 300


@pytest.mark.parametrize("outage", [fails, breaks_off])
async def test_outage_is_503_only_after_the_cached_keys_expire(
    server: LoopbackIssuer, outage: Outage
) -> None:
    """Cached keys verify until the end of `stale_if_error`; recovery needs no restart."""
    clock = FakeClock(1000)
    guard = Guard(RESOURCE, [JWTIssuer(server.local.issuer, clock=clock)])
    traffic = Traffic(guard)
    assert not guard.ready
    for age, broken, status in [
        (0, None, 200),
        (1, outage, 200),
        (REFRESH, outage, 200),
        (LIFETIME, outage, 200),
        (END - 1, outage, 200),
        (END, outage, 503),
        (END + LONGEST_BACKOFF, outage, 503),
        (END + 2 * LONGEST_BACKOFF, None, 200),
        (END + 3 * LONGEST_BACKOFF, None, 200),
    ]:
        clock.now, server.outage = 1000 + age, broken
        tokens = [server.local.token("read")] * REQUESTS
        assert await traffic.send_all(tokens) == {status: REQUESTS}, age
        assert guard.ready
        assert guard.degraded == (status != 200), age
        await wait_for_background_tasks()
    await guard.aclose()


async def test_hanging_refresh_delays_no_request(server: LoopbackIssuer) -> None:
    """While a refresh hangs, cached keys verify, and no request waits."""
    clock = FakeClock(1000)
    async with Guard(RESOURCE, [JWTIssuer(server.local.issuer, clock=clock)]) as guard:
        traffic = Traffic(guard)
        tokens = [server.local.token("read")] * REQUESTS
        assert await traffic.send_all(tokens) == {200: REQUESTS}
        server.outage = is_silent
        for age in (REFRESH, LIFETIME, END - 1):
            clock.now = 1000 + age
            assert await traffic.send_all(tokens) == {200: REQUESTS}, age
            assert guard.ready, age


async def test_outage_without_keys_is_503_with_retry_after(server: LoopbackIssuer) -> None:
    """The response has no challenge, since the caller did nothing wrong."""
    server.outage = fails
    async with Guard(RESOURCE, [JWTIssuer(server.local.issuer)]) as guard:
        response = await Traffic(guard).send(server.local.token("read"))
    assert response.status_code == 503
    assert 1 <= int(response.headers["retry-after"]) <= LONGEST_BACKOFF
    assert "www-authenticate" not in response.headers


async def test_outage_of_one_issuer_affects_only_its_tokens(server: LoopbackIssuer) -> None:
    """An unreachable host is contacted only for its own tokens, and once for all of them."""
    with closed_port() as origin:
        gone = LocalIssuer(origin, audience=RESOURCE)
        issuers = [JWTIssuer(gone.issuer), JWTIssuer(server.local.issuer)]
        async with Guard(RESOURCE, issuers) as guard:
            traffic = Traffic(guard)
            tokens = [gone.token("read"), server.local.token("read")]
            for _ in range(5):
                assert await traffic.send_all(tokens * 100) == Counter({200: 100, 503: 100})
            assert not guard.ready
    assert server.fetches == 1
