"""A caller whose tokens make an introspection endpoint fail: others are served nevertheless."""

import asyncio
import time
from collections import Counter
from itertools import product

import pytest

from oauth_guard import ClientSecretBasic, Guard, IntrospectionIssuer
from tests.robustness.load.token_endpoint import FAILURES, RESOURCE, Failure, TokenEndpoint
from tests.robustness.load.traffic import Traffic


class Callers:
    """Callers of a guarded resource, whose issuer has one introspection endpoint.

    Attributes:
        statuses: When each request of a good token was sent, and the status of its response.
    """

    def __init__(self, origin: str) -> None:
        issuer = IntrospectionIssuer(
            origin, client=ClientSecretBasic("api", "secret"), endpoint=f"{origin}/introspect"
        )
        self.guard = Guard(RESOURCE, [issuer])
        self.statuses: list[tuple[float, int]] = []
        self._traffic = Traffic(self.guard)

    async def send(self, kind: str, per_second: float, seconds: float) -> None:
        """Send a new token of *kind* so often, each without waiting for the last response."""
        async with asyncio.TaskGroup() as group:
            for number in range(round(seconds * per_second)):
                group.create_task(self._send(f"{kind}-{number}-{time.monotonic_ns()}"))
                await asyncio.sleep(1 / per_second)

    async def _send(self, token: str) -> None:
        sent_at = time.monotonic()
        status = (await self._traffic.send(token)).status_code
        if token.startswith("good"):
            self.statuses.append((sent_at, status))


async def attacked(failure: Failure, *, knows_unknown: bool) -> Counter[int]:
    """Return the statuses of good tokens while a caller sends 20 failing tokens a second."""
    endpoint = TokenEndpoint(failure, knows_unknown=knows_unknown)
    async with endpoint.serve() as origin:
        callers = Callers(origin)
        async with asyncio.TaskGroup() as group:
            group.create_task(callers.send("bad", 20, 8))
            group.create_task(callers.send("good", 0.4 if knows_unknown else 2, 8))
        await callers.guard.aclose()
    return Counter(status for _, status in callers.statuses)


@pytest.mark.long
@pytest.mark.conformance("7662-15")
async def test_good_tokens_are_accepted_while_failing_tokens_are_sent() -> None:
    """Where the endpoint responds about unknown tokens, or good ones come at two a second."""
    cases = list(product(FAILURES, (True, False)))
    outcomes = await asyncio.gather(
        *(attacked(failure, knows_unknown=knows) for failure, knows in cases)
    )
    for case, outcome in zip(cases, outcomes, strict=True):
        assert outcome.keys() == {200}, case


async def outage(failure: Failure) -> tuple[int, float]:
    """Return the most requests in a second from 5 s into an outage, and when it was over.

    That is the seconds from the return of the endpoint until good tokens are accepted.
    """
    endpoint = TokenEndpoint(failure, knows_unknown=True)
    async with endpoint.serve() as origin:
        callers = Callers(origin)
        await callers.send("good", 20, 1)
        endpoint.down, down_at = True, time.monotonic()
        traffic = asyncio.create_task(callers.send("good", 20, 13.5))
        await asyncio.sleep(8)
        endpoint.down, up_at = False, time.monotonic()
        await traffic
        await callers.guard.aclose()
    # A request that was sent within the 5 s may arrive a little later.
    late = [at for at, _ in endpoint.requests if down_at + 5.2 <= at < up_at]
    rate = max(sum(at <= other < at + 1 for other in late) for at in late)
    refused = [at for at, status in callers.statuses if at >= up_at and status != 200]
    return rate, max(refused, default=up_at) - up_at


@pytest.mark.long
@pytest.mark.conformance("7662-16")
async def test_endpoint_that_is_down_gets_few_requests_and_is_used_soon_after_its_return() -> None:
    """At most five a second from 5 s into the outage; all good tokens within 5 s after it."""
    outcomes = await asyncio.gather(*(outage(failure) for failure in FAILURES))
    for failure, (rate, seconds) in zip(FAILURES, outcomes, strict=True):
        assert rate <= 5, failure
        assert seconds <= 5, failure
