"""IntrospectionIssuer under attack, by a fake clock: tokens that fail count against no others."""

import httpx
import pytest

from oauth_guard.errors import Reason
from tests.builders.scripted_issuer import run_pending_tasks
from tests.unit.issuers.introspection_issuer import (
    ENDPOINT,
    GOOD,
    IntrospectionIssuerHarness,
)

FAILURES = [
    pytest.param(httpx.Response(500), id="500"),
    pytest.param(httpx.Response(429), id="429"),
    pytest.param(httpx.Response(429, headers={"retry-after": "3600"}), id="429 for an hour"),
    pytest.param(httpx.ReadError("reset"), id="reset"),
    pytest.param(httpx.ReadTimeout("silence"), id="silence"),
]
TICK = 0.05  # 20 a second


class Attack:
    """An issuer whose endpoint fails about tokens that begin with `bad`.

    Args:
        failure: The response or error about them.
        knows_unknown: Whether it responds about the canary.

    Attributes:
        down: Whether it fails about every token.
        harness: The issuer, its endpoint and its clock.
        requests: When the endpoint received a request.
    """

    def __init__(self, failure: httpx.Response | Exception, *, knows_unknown: bool) -> None:
        self.down = False
        self.harness = IntrospectionIssuerHarness(endpoint=ENDPOINT)
        self.harness.respond_by(self._respond)
        self.requests: list[float] = []
        self._failure, self._knows_unknown = failure, knows_unknown
        self._number = 0

    async def send(self, kind: str) -> str:
        """Send a new token of *kind*, and return the outcome."""
        self._number += 1
        outcome = await self.harness.verdict(f"{kind}-{self._number}")
        await run_pending_tasks()
        return outcome

    def _respond(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(self.harness.clock())
        token = request.content.decode().removeprefix("token=")
        good = token.startswith("good")
        if not self.down and (good or (self._knows_unknown and not token.startswith("bad"))):
            return httpx.Response(200, json={"active": good})
        if isinstance(self._failure, Exception):
            raise self._failure
        return self._failure


@pytest.mark.conformance("7662-15")
@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize(
    ("knows_unknown", "good_every"),
    [
        pytest.param(True, 200, id="unknown tokens get a response"),
        pytest.param(False, 10, id="two good tokens a second"),
        pytest.param(False, 1, id="twenty good tokens a second"),
    ],
)
async def test_good_tokens_are_accepted_while_twenty_failing_tokens_a_second_are_sent(
    failure: httpx.Response | Exception, knows_unknown: bool, good_every: int
) -> None:
    """For a minute of the clock, and without an exception."""
    attack = Attack(failure, knows_unknown=knows_unknown)
    outcomes = []
    for tick in range(1200):
        await attack.send("bad")
        if tick % good_every == 0:
            outcomes.append(await attack.send("good"))
        attack.harness.clock.advance(TICK)
    assert set(outcomes) == {GOOD}


@pytest.mark.conformance("7662-16")
@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("knows_unknown", [True, False])
async def test_endpoint_that_is_down_gets_five_requests_a_second_and_is_used_after_its_return(
    failure: httpx.Response | Exception, knows_unknown: bool
) -> None:
    """From 5 s into the outage; new good tokens are accepted within 5 s of the return."""
    attack = Attack(failure, knows_unknown=knows_unknown)
    for _ in range(20):
        assert await attack.send("good") == GOOD
        attack.harness.clock.advance(TICK)
    attack.down, down_at = True, attack.harness.clock()
    for _ in range(400):
        assert await attack.send("good") != GOOD
        attack.harness.clock.advance(TICK)
    late = [at for at in attack.requests if at >= down_at + 5]
    assert max(sum(at <= other < at + 1 for other in late) for at in late) <= 5
    attack.down = False
    for _ in range(100):
        await attack.send("good")
        attack.harness.clock.advance(TICK)
    assert {await attack.send("good") for _ in range(50)} == {GOOD}


async def test_token_that_failed_is_accepted_within_five_seconds_of_the_return() -> None:
    """It rests, at most for that time."""
    attack = Attack(httpx.Response(500), knows_unknown=True)
    attack.down = True
    assert await attack.harness.verdict("good") == Reason.BAD_RESPONSE
    attack.down = False
    attack.harness.clock.advance(4.9)
    assert await attack.harness.verdict("good") == Reason.BACKING_OFF
    attack.harness.clock.advance(0.1)
    assert await attack.harness.verdict("good") == GOOD
