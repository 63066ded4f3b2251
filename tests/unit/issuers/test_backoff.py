"""retry_delay: soon without keys, later with usable ones."""

import pytest

from oauth_guard.issuers.backoff import MAX_BACKOFF, retry_delay


def spread(failures: int, usable_for: float) -> tuple[float, float]:
    """Return the shortest and the longest of many delays."""
    delays = [retry_delay(failures, usable_for) for _ in range(2000)]
    return min(delays), max(delays)


@pytest.mark.parametrize("failures", [0, 1, 2, 5, 1000])
def test_delay_without_usable_keys_is_four_seconds_at_most(failures: int) -> None:
    """No token can be accepted until the keys are back."""
    _, longest = spread(failures, 0)
    assert longest <= min(2**failures, 4)


def test_median_wait_after_the_return_of_the_issuer_is_below_two_seconds() -> None:
    """The issuer returns at a random moment between two attempts."""
    delays = [retry_delay(10, 0) for _ in range(20_000)]
    waits = sorted(wait for delay in delays for wait in (delay * part / 40 for part in range(40)))
    assert waits[len(waits) // 2] < 2


def test_delay_with_usable_keys_doubles_up_to_a_minute() -> None:
    """Tokens are accepted meanwhile."""
    assert [round(spread(failures, 3600)[1]) for failures in range(8)] == [
        *(1, 2, 4, 8, 16, 32),
        *(MAX_BACKOFF, MAX_BACKOFF),
    ]


def test_delay_ends_before_the_keys_expire() -> None:
    """The last attempt must not come long after they did."""
    assert spread(10, 30)[1] <= 30
    assert spread(10, 1)[1] <= 4


def test_delay_has_jitter_of_three_quarters() -> None:
    """Many processes don't retry at the same moment."""
    shortest, longest = spread(10, 3600)
    assert MAX_BACKOFF / 4 <= shortest < longest / 3
