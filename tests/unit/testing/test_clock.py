"""MovableClock: moves only when a test advances it, and never back."""

import time

import pytest

from oauth_guard.testing import MovableClock


def test_clock_returns_the_same_time_until_it_is_advanced() -> None:
    """Its first time is the given one."""
    clock = MovableClock(1000)
    assert (clock(), clock()) == (1000, 1000)
    clock.advance(0.5)
    assert clock() == 1000.5
    assert repr(clock) == "MovableClock(1000.5)"


def test_clock_begins_at_the_present() -> None:
    """So tokens of a test are valid for other programs too."""
    assert abs(MovableClock()() - time.time()) < 60


def test_clock_does_not_go_back() -> None:
    """Caches are measured by clocks that never do."""
    with pytest.raises(ValueError, match="never goes back"):
        MovableClock().advance(-1)
