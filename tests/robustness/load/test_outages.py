"""Issuers that are down under load: known keys serve, then 503, and nobody is refused for it."""

from collections import Counter

import pytest

from oauth_guard import Guard, JWTIssuer
from oauth_guard.testing import LocalIssuer
from tests.builders.clock import FakeClock
from tests.builders.jwt_issuer import wait_for_background_tasks
from tests.robustness.load.authority import (
    RESOURCE,
    Authority,
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
async def test_an_outage_refuses_nobody(authority: Authority, outage: Outage) -> None:
    """Known keys serve to their very end, then nobody can be judged; recovery is by itself."""
    clock = FakeClock(1000)
    guard = Guard(RESOURCE, [JWTIssuer(authority.local.issuer, clock=clock)])
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
        clock.now, authority.outage = 1000 + age, broken
        tokens = [authority.local.token("read")] * REQUESTS
        assert await traffic.send_all(tokens) == {status: REQUESTS}, age
        assert guard.ready == (status == 200), age
        await wait_for_background_tasks()
    await guard.aclose()


async def test_an_issuer_that_keeps_silent_holds_nobody_up(authority: Authority) -> None:
    """While one refresh hangs, known keys serve, and nobody waits for it."""
    clock = FakeClock(1000)
    async with Guard(RESOURCE, [JWTIssuer(authority.local.issuer, clock=clock)]) as guard:
        traffic = Traffic(guard)
        tokens = [authority.local.token("read")] * REQUESTS
        assert await traffic.send_all(tokens) == {200: REQUESTS}
        authority.outage = is_silent
        for age in (REFRESH, LIFETIME, END - 1):
            clock.now = 1000 + age
            assert await traffic.send_all(tokens) == {200: REQUESTS}, age
            assert guard.ready, age


async def test_an_outage_tells_the_caller_when_to_return(authority: Authority) -> None:
    """The client did nothing wrong: 503 says so, and carries no challenge."""
    authority.outage = fails
    async with Guard(RESOURCE, [JWTIssuer(authority.local.issuer)]) as guard:
        answer = await Traffic(guard).send(authority.local.token("read"))
    assert answer.status_code == 503
    assert 1 <= int(answer.headers["retry-after"]) <= LONGEST_BACKOFF
    assert "www-authenticate" not in answer.headers


async def test_the_outage_of_one_issuer_touches_only_its_own_tokens(authority: Authority) -> None:
    """A host that is gone is asked by its own tokens alone, and once for all of them."""
    with closed_port() as origin:
        gone = LocalIssuer(origin, audience=RESOURCE)
        issuers = [JWTIssuer(gone.issuer), JWTIssuer(authority.local.issuer)]
        async with Guard(RESOURCE, issuers) as guard:
            traffic = Traffic(guard)
            tokens = [gone.token("read"), authority.local.token("read")]
            for _ in range(5):
                assert await traffic.send_all(tokens * 100) == Counter({200: 100, 503: 100})
            assert not guard.ready
    assert authority.fetches == 1
