"""RateLimit: a burst of the size of the rate, refilled at the rate."""

from oauth_guard.issuers.rate_limit import AdaptiveRateLimit, RateLimit
from tests.builders.clock import FakeClock


def _count_allowed(limit: RateLimit, most: int = 500) -> int:
    """Return how many operations are allowed now, up to *most*."""
    return next((count for count in range(most) if not limit.try_acquire()), most)


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


def test_adaptive_limit_halves_once_a_second_down_to_the_floor() -> None:
    """There is no limit before."""
    clock = FakeClock(1000)
    limit = AdaptiveRateLimit(clock)
    assert _count_allowed(limit, 1000) == 1000
    rates = []
    for _ in range(4):
        limit.halve(32)
        limit.halve(32)
        clock.advance(1)
        rates.append(_count_allowed(limit))
    assert rates == [128, 64, 32, 32]
    limit.halve(4)
    clock.advance(1)
    limit.halve(32)  # a higher floor does not raise it
    assert _count_allowed(limit) == 16


def test_adaptive_limit_doubles_every_five_seconds_until_it_is_gone() -> None:
    """At 256 a second."""
    clock = FakeClock(1000)
    limit = AdaptiveRateLimit(clock)
    limit.halve(4)
    clock.advance(1)
    limit.halve(4)
    clock.advance(4.9)
    assert _count_allowed(limit) == 64
    clock.advance(0.1)
    limit.try_acquire()
    clock.advance(1)
    assert _count_allowed(limit) == 128
    clock.advance(5)
    assert _count_allowed(limit, 1000) == 1000


def test_refund_allows_one_operation_more_within_the_burst() -> None:
    """Not more than one second of the rate."""
    clock = FakeClock(1000)
    limit = AdaptiveRateLimit(clock)
    limit.halve(4)
    for _ in range(300):
        limit.refund()
    assert _count_allowed(limit) == 128
    limit.refund()
    assert _count_allowed(limit) == 1
