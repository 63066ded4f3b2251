"""EndpointHealth: one token's failures count against no other; when requests become fewer."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_guard.issuers.endpoint_health import EndpointHealth
from tests.builders.clock import FakeClock
from tests.unit.protocol.properties import BOUNDED


class Endpoint:
    """The health of an endpoint, with a fake clock.

    Attributes:
        clock: The monotonic clock.
        health: The health under test.
        became_narrow: How often it became narrow.
    """

    def __init__(self) -> None:
        self.clock = FakeClock(1000)
        self.became_narrow = 0
        self.health = EndpointHealth(self.clock, self._narrowed)
        self.health.try_acquire(-1)

    def _narrowed(self) -> None:
        self.became_narrow += 1

    def fail(self, token: int | None) -> None:
        """Record a failure of a request that was sent now."""
        self.health.record_failure(token, self.health.now())

    def limit(self, token: int | None, retry_after: float | None = None) -> None:
        """Record status 429 of a request that was sent now."""
        self.health.record_limit(token, self.health.now(), retry_after)

    def take_down(self, *, canary: bool = True, tokens: int = 5, seconds: float = 5) -> None:
        """Fail for *seconds*, about *tokens* different tokens and the *canary*."""
        for token in range(tokens):
            self.fail(1_000_000 + token)
        if canary:
            self.fail(None)
        self.clock.advance(seconds)
        self.health.try_acquire(-1)

    def sent(self, tokens: list[int], seconds: float, step: float = 0.05) -> dict[int, int]:
        """Try to send requests about *tokens* at each step, and return how many were sent."""
        counts = dict.fromkeys(tokens, 0)
        for _ in range(round(seconds / step)):
            for token in tokens:
                counts[token] += self.health.try_acquire(token) == 0
            self.clock.advance(step)
        return counts


def test_endpoint_is_narrow_if_it_failed_about_five_tokens_and_the_canary_for_five_seconds() -> (
    None
):
    """It says so once."""
    endpoint = Endpoint()
    endpoint.take_down()
    assert endpoint.health.narrow
    endpoint.take_down()
    assert endpoint.became_narrow == 1


@pytest.mark.parametrize(
    "missing",
    [
        pytest.param({"canary": False}, id="the canary did not fail"),
        pytest.param({"tokens": 4}, id="four tokens failed"),
        pytest.param({"seconds": 4.9}, id="less than five seconds"),
    ],
)
def test_endpoint_is_not_narrow_if_a_condition_is_missing(missing: dict[str, Any]) -> None:
    """Each condition is necessary."""
    endpoint = Endpoint()
    endpoint.take_down(**missing)
    assert not endpoint.health.narrow


def test_failures_of_one_token_count_once() -> None:
    """A caller who repeats a token does not make it five."""
    endpoint = Endpoint()
    for _ in range(100):
        endpoint.fail(1)
        endpoint.fail(None)
        endpoint.clock.advance(1)
    endpoint.health.try_acquire(2)
    assert not endpoint.health.narrow


def test_conclusive_response_begins_the_five_seconds_again() -> None:
    """A request sent before it and failing after it does not make the time longer."""
    endpoint = Endpoint()
    sent_at = endpoint.health.now()
    endpoint.take_down(seconds=4)
    endpoint.health.record_conclusive(7)
    endpoint.health.record_failure(None, sent_at)  # it failed before the response
    for token in range(5):
        endpoint.health.record_failure(token, sent_at)
    endpoint.clock.advance(4.9)
    endpoint.fail(None)
    endpoint.health.try_acquire(-1)
    assert not endpoint.health.narrow
    endpoint.clock.advance(0.1)
    endpoint.health.try_acquire(-1)
    assert endpoint.health.narrow


def test_canary_sent_before_a_conclusive_response_does_not_count() -> None:
    """Its failure says nothing about the time after the response."""
    endpoint = Endpoint()
    sent_at = endpoint.health.now()
    endpoint.clock.advance(1)
    endpoint.health.record_conclusive(7)
    endpoint.take_down(canary=False)
    endpoint.health.record_failure(None, sent_at)
    endpoint.health.try_acquire(-1)
    assert not endpoint.health.narrow


@pytest.mark.parametrize(("idle", "seconds"), [(0.5, 4.5), (1, 4), (3600, 4)])
def test_idle_time_before_the_first_failure_counts_as_one_second_at_most(
    idle: float, seconds: float
) -> None:
    """A shorter pause between two requests belongs to the outage."""
    endpoint = Endpoint()
    endpoint.health.record_conclusive(7)
    endpoint.clock.advance(idle)
    endpoint.take_down(seconds=seconds - 0.125)
    assert not endpoint.health.narrow
    endpoint.clock.advance(0.125)
    endpoint.health.try_acquire(-1)
    assert endpoint.health.narrow


def test_stalls_of_the_event_loop_are_left_out() -> None:
    """Also one that began after the request was sent."""
    endpoint = Endpoint()
    sent_at = endpoint.health.now()
    endpoint.clock.advance(6)
    endpoint.health.exclude(6)
    for token in (*range(5), None):
        endpoint.health.record_failure(token, sent_at)
    endpoint.health.try_acquire(-1)
    assert not endpoint.health.narrow
    endpoint.clock.advance(5)
    endpoint.health.try_acquire(-1)
    assert endpoint.health.narrow


def test_narrow_endpoint_is_sent_four_requests_a_second_the_canary_included() -> None:
    """In any second, not only on average."""
    endpoint = Endpoint()
    endpoint.take_down()
    times = []
    for token in range(1000):
        if endpoint.health.try_acquire(token) == 0:
            times.append(endpoint.clock())
        if endpoint.health.canary_due():
            times.append(endpoint.clock())
        endpoint.clock.advance(0.01)
    assert 35 <= len(times) <= 41
    assert max(sum(t <= other < t + 1 for other in times) for t in times) <= 4


def test_tokens_that_were_active_come_first_while_narrow() -> None:
    """One of three requests is left for other tokens, or all three if there are only those."""
    endpoint = Endpoint()
    endpoint.health.good.add(1, 0.01)
    endpoint.take_down()
    shares = endpoint.sent([2, 1], 10)
    assert shares[1] >= 19
    assert 8 <= shares[2] <= 11
    endpoint.clock.advance(2)
    assert endpoint.sent([2], 10)[2] >= 25


def test_one_conclusive_response_opens_a_narrow_endpoint() -> None:
    """The tokens that failed meanwhile rest no longer."""
    endpoint = Endpoint()
    endpoint.take_down()
    endpoint.fail(3)
    assert endpoint.health.try_acquire(3) > 0
    endpoint.health.record_conclusive(None)
    assert not endpoint.health.narrow
    assert not endpoint.health.suspect
    assert {endpoint.health.try_acquire(token) for token in range(100)} == {0}


def test_failed_token_rests_five_seconds_from_its_request() -> None:
    """Other tokens do not."""
    endpoint = Endpoint()
    sent_at = endpoint.health.now()
    endpoint.clock.advance(2)
    endpoint.health.record_failure(1, sent_at)
    assert endpoint.health.try_acquire(1) == 3
    assert endpoint.health.try_acquire(2) == 0
    endpoint.clock.advance(3)
    assert endpoint.health.try_acquire(1) == 0


def test_at_most_ten_thousand_tokens_rest() -> None:
    """The one that failed first is forgotten first."""
    endpoint = Endpoint()
    for token in range(10_001):
        endpoint.fail(token)
    assert endpoint.health.try_acquire(0) == 0
    assert endpoint.health.try_acquire(1) == 5


@pytest.mark.parametrize(
    ("retry_after", "seconds"), [(None, 5), (0, 0), (3, 3), (60, 60), (86_400, 60)]
)
def test_token_that_drew_429_rests_for_its_retry_after(
    retry_after: float | None, seconds: float
) -> None:
    """At most a minute; also when the endpoint was narrow and is open again."""
    endpoint = Endpoint()
    endpoint.take_down()
    endpoint.limit(1, retry_after)
    endpoint.health.record_conclusive(2)
    assert endpoint.health.try_acquire(1) == seconds


def test_429_about_other_tokens_limits_what_other_tokens_draw_it() -> None:
    """A conclusive response is not counted, so the limit leaves room for active tokens."""
    endpoint = Endpoint()
    refused = 0
    for number in range(1000):
        for token in (2 * number, 2 * number + 1):
            good = token % 2 == 0
            if endpoint.health.try_acquire(token) > 0:
                refused += good
            elif good:
                endpoint.health.record_conclusive(token)
            else:
                endpoint.limit(token)
        endpoint.clock.advance(0.05)
    assert refused == 0


def test_flood_that_draws_429_is_limited_to_32_requests_a_second() -> None:
    """And a token that was active before is not."""
    endpoint = Endpoint()
    endpoint.health.good.add(-2, 0.01)
    sent = [0] * 20
    for number in range(20_000):
        if endpoint.health.try_acquire(number) == 0:
            sent[number // 1000] += 1
            endpoint.limit(number)
        if number % 500 == 0:
            assert endpoint.health.try_acquire(-2) == 0
            endpoint.health.record_conclusive(-2)
        endpoint.clock.advance(0.001)
    assert max(sent[5:]) <= 66
    assert sum(sent[5:]) / 15 <= 34


def test_429_about_an_active_token_limits_other_tokens_further() -> None:
    """The server limits all that we send."""
    endpoint = Endpoint()
    endpoint.health.good.add(-2, 0.01)
    for _ in range(10):
        endpoint.limit(-2, 0)
        endpoint.clock.advance(1)
    assert sum(endpoint.health.try_acquire(token) == 0 for token in range(100)) == 4


def test_requests_stop_if_all_of_a_second_drew_429() -> None:
    """The canary too; for one to four seconds, which a conclusive response ends."""
    for retry_after, seconds in [(None, 4), (0, 1), (2, 2), (60, 4)]:
        endpoint = Endpoint()
        for token in range(11):
            endpoint.limit(token, retry_after)
            endpoint.limit(None, retry_after)
            assert token == 10 or endpoint.health.try_acquire(100) == 0
            endpoint.clock.advance(0.1)
        assert endpoint.health.try_acquire(100) == pytest.approx(seconds - 0.1)
        assert not endpoint.health.canary_due()
        endpoint.clock.advance(seconds)
        assert endpoint.health.try_acquire(100) == 0
        assert endpoint.health.canary_due()


@pytest.mark.parametrize(
    "interrupt",
    [
        pytest.param(lambda endpoint: endpoint.health.record_conclusive(1), id="conclusive"),
        pytest.param(lambda endpoint: endpoint.fail(1), id="another failure"),
        pytest.param(lambda endpoint: endpoint.clock.advance(1.1), id="a second without any"),
    ],
)
def test_requests_go_on_if_not_all_of_a_second_drew_429(
    interrupt: Callable[[Endpoint], None],
) -> None:
    """The second begins again."""
    endpoint = Endpoint()
    for _ in range(2):
        for token in range(9):
            endpoint.limit(token)
            endpoint.limit(None)
            endpoint.clock.advance(0.1)
        interrupt(endpoint)
        endpoint.clock.advance(0.1)
    assert endpoint.health.try_acquire(100) == 0


def test_requests_go_on_if_the_canary_did_not_draw_429() -> None:
    """The tokens may be the cause."""
    endpoint = Endpoint()
    for token in range(50):
        endpoint.limit(token)
        endpoint.clock.advance(0.1)
    assert endpoint.health.try_acquire(100) == 0


def test_conclusive_response_ends_a_stop() -> None:
    """It was sent before."""
    endpoint = Endpoint()
    for token in range(11):
        endpoint.limit(token)
        endpoint.limit(None)
        endpoint.clock.advance(0.1)
    endpoint.health.record_conclusive(200)
    assert endpoint.health.try_acquire(100) == 0


def test_canary_is_sent_once_a_second_while_requests_fail() -> None:
    """Not before five tokens failed, and not after a conclusive response."""
    endpoint = Endpoint()
    for token in (1, 2, 3, 3, 4, 5):
        assert not endpoint.health.canary_due()
        endpoint.fail(token)
    assert endpoint.health.canary_due()
    assert not endpoint.health.canary_due()
    endpoint.clock.advance(1)
    assert endpoint.health.canary_due()
    endpoint.health.record_conclusive(None)
    endpoint.clock.advance(1)
    assert not endpoint.health.canary_due()


@BOUNDED
@given(st.lists(st.sampled_from(["fail", "limit", "advance"]), max_size=200))
def test_endpoint_that_responds_about_the_canary_never_becomes_narrow(steps: list[str]) -> None:
    """Whatever a caller makes it do about other tokens, a new token is sent."""
    endpoint = Endpoint()
    for number, step in enumerate(steps):
        if endpoint.health.canary_due():
            endpoint.health.record_conclusive(None)
        if step == "fail":
            endpoint.fail(number)
        elif step == "limit":
            endpoint.limit(number)
        else:
            endpoint.clock.advance(0.9)
        assert not endpoint.health.narrow
        assert endpoint.health.try_acquire(-number - 1) == 0
        endpoint.health.record_conclusive(-number - 1) if number % 5 == 0 else None
