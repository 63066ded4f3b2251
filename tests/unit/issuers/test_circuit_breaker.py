"""The breaker opens after five failures in a row, and one probe closes it."""

from dataclasses import dataclass

from oauth_guard.issuers.circuit_breaker import CircuitBreaker


@dataclass
class Clock:
    """A clock that stands still until a test moves it."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def opened(clock: Clock) -> CircuitBreaker:
    """Return a breaker that has just seen five failures."""
    breaker = CircuitBreaker(clock)
    for _ in range(5):
        assert breaker.allow()
        breaker.record_failure()
    return breaker


def test_five_failures_in_a_row_open_it_for_ten_seconds() -> None:
    """Nobody is let in until the time is over."""
    clock = Clock()
    breaker = opened(clock)
    assert breaker.seconds_left == 10
    clock.now += 9.9
    assert not breaker.allow()
    clock.now += 0.1
    assert breaker.seconds_left == 0
    assert breaker.allow()


def test_an_answer_between_failures_keeps_it_closed() -> None:
    """Five failures count only in a row."""
    breaker = CircuitBreaker(Clock())
    for _ in range(4):
        breaker.record_failure()
    breaker.record_success()
    for _ in range(4):
        breaker.record_failure()
    assert breaker.allow()


def test_one_probe_goes_at_a_time() -> None:
    """While it is under way, nobody else may ask."""
    clock = Clock()
    breaker = opened(clock)
    clock.now += 10
    assert breaker.allow()
    assert not breaker.allow()
    breaker.cancel()
    assert breaker.allow()


def test_a_good_probe_closes_it() -> None:
    """Everybody may ask again, and five failures are needed again."""
    clock = Clock()
    breaker = opened(clock)
    clock.now += 10
    assert breaker.allow()
    breaker.record_success()
    breaker.record_failure()
    assert breaker.allow()
    assert breaker.allow()


def test_a_bad_probe_opens_it_again() -> None:
    """One failure is enough then."""
    clock = Clock()
    breaker = opened(clock)
    clock.now += 10
    assert breaker.allow()
    breaker.record_failure()
    assert breaker.seconds_left == 10


def test_retry_after_is_respected_at_once_up_to_a_minute() -> None:
    """An endpoint that says when to come back is left alone until then."""
    clock = Clock()
    for asked, kept in [(3, 3), (86_400, 60)]:
        breaker = CircuitBreaker(clock)
        breaker.record_failure(asked)
        assert breaker.seconds_left == kept
    breaker = CircuitBreaker(clock)
    breaker.record_failure(0)
    assert breaker.allow()
