"""Something may be done at a rate, and at once after a pause."""

from oauth_guard.issuers.rate_limit import RateLimit
from tests.builders.clock import FakeClock


def _times(allowance: RateLimit) -> int:
    """Return how often it may be done now, at most a hundred times."""
    return next(count for count in range(100) if not allowance.try_acquire())


def test_so_often_at_once_then_at_the_rate() -> None:
    """What was not done in time is done a little later, never all of it at once."""
    clock = FakeClock(1000)
    allowance = RateLimit(10, clock)
    assert _times(allowance) == 10
    clock.advance(0.25)
    assert _times(allowance) == 2
    clock.advance(0.0625)
    assert _times(allowance) == 1
    clock.advance(3600)
    assert _times(allowance) == 10
