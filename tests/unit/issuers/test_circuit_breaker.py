"""CircuitBreaker: opens after five consecutive failures, and a successful probe closes it."""

from oauth_guard.issuers.circuit_breaker import CircuitBreaker
from tests.builders.clock import FakeClock


def open_breaker(clock: FakeClock) -> CircuitBreaker:
    """Return a breaker after five consecutive failures."""
    breaker = CircuitBreaker(clock)
    for _ in range(5):
        assert breaker.allow()
        breaker.record_failure()
    return breaker


def test_breaker_is_open_for_ten_seconds_after_five_consecutive_failures() -> None:
    """No request is allowed before the ten seconds have passed."""
    clock = FakeClock()
    breaker = open_breaker(clock)
    assert breaker.seconds_left == 10
    assert breaker.failing
    clock.advance(9.9)
    assert not breaker.allow()
    clock.advance(0.1)
    assert breaker.seconds_left == 0
    assert not breaker.failing
    assert breaker.allow()


def test_success_between_failures_keeps_the_breaker_closed() -> None:
    """Only consecutive failures are counted."""
    breaker = CircuitBreaker(FakeClock())
    for _ in range(4):
        breaker.record_failure()
    breaker.record_success()
    for _ in range(4):
        breaker.record_failure()
    assert breaker.allow()


def test_second_request_during_a_probe_is_not_allowed() -> None:
    """A cancelled probe leaves the place to the next request."""
    clock = FakeClock()
    breaker = open_breaker(clock)
    clock.advance(10)
    assert breaker.allow()
    assert not breaker.allow()
    breaker.cancel()
    assert breaker.allow()


def test_successful_probe_closes_the_breaker() -> None:
    """All requests are allowed again, and the count of failures starts at 0."""
    clock = FakeClock()
    breaker = open_breaker(clock)
    clock.advance(10)
    assert breaker.allow()
    breaker.record_success()
    breaker.record_failure()
    assert breaker.allow()
    assert breaker.allow()


def test_failed_probe_opens_the_breaker_again() -> None:
    """One failure is sufficient then."""
    clock = FakeClock()
    breaker = open_breaker(clock)
    clock.advance(10)
    assert breaker.allow()
    breaker.record_failure()
    assert breaker.seconds_left == 10


def test_retry_after_opens_the_breaker_immediately_for_at_most_a_minute() -> None:
    """A `Retry-After` of 0 does not open it."""
    clock = FakeClock()
    for retry_after, seconds in [(3, 3), (86_400, 60)]:
        breaker = CircuitBreaker(clock)
        breaker.record_failure(retry_after)
        assert breaker.seconds_left == seconds
    breaker = CircuitBreaker(clock)
    breaker.record_failure(0)
    assert breaker.allow()
