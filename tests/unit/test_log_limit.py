"""LogLimit: five lines of a kind in ten seconds, with the number of lines left out."""

import logging

import pytest

from oauth_guard.log_limit import LogLimit
from tests.builders.clock import FakeClock


def test_five_lines_of_a_kind_are_written_in_ten_seconds_and_the_others_are_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Another kind is not affected."""
    clock = FakeClock(1000)
    limit = LogLimit(clock)
    for _ in range(100):
        limit.log(logging.WARNING, "a", "line %s", "a")
        clock.advance(0.125)
    limit.log(logging.ERROR, "b", "line b")
    assert [(each.levelno, each.getMessage()) for each in caplog.records] == [
        *[(logging.WARNING, "line a")] * 5,
        (logging.WARNING, "line a (75 more in the last 10 s)"),
        *[(logging.WARNING, "line a")] * 4,
        (logging.ERROR, "line b"),
    ]


def test_line_after_few_lines_has_no_count(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing was left out."""
    clock = FakeClock(1000)
    limit = LogLimit(clock)
    for _ in range(6):
        limit.log(logging.WARNING, "a", "line")
        clock.advance(2)
    assert caplog.messages == ["line"] * 6


def test_at_most_a_thousand_kinds_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    """The one seen first is dropped, and begins again."""
    limit = LogLimit(FakeClock(1000))
    for kind in [*[0] * 9, *[1] * 9, *range(2, 1001), *[1] * 9, *[0] * 9]:
        limit.log(logging.WARNING, kind, "%s", kind)
    assert caplog.messages.count("0") == 10
    assert caplog.messages.count("1") == 5
