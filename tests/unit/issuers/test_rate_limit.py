"""RateLimit: a burst of the size of the rate, refilled at the rate."""

from oauth_guard.issuers.rate_limit import RateLimit
from tests.builders.clock import FakeClock


def _count_allowed(limit: RateLimit) -> int:
    """Return how many operations are allowed now."""
    return next(count for count in range(100) if not limit.try_acquire())


def test_burst_is_one_second_of_the_rate_and_refills_with_time() -> None:
    """An idle hour does not allow more than one burst."""
    clock = FakeClock(1000)
    limit = RateLimit(10, clock)
    assert _count_allowed(limit) == 10
    clock.advance(0.25)
    assert _count_allowed(limit) == 2
    clock.advance(0.0625)
    assert _count_allowed(limit) == 1
    clock.advance(3600)
    assert _count_allowed(limit) == 10
