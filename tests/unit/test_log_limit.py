"""LogLimit: one line of a kind in ten seconds, with the number of lines left out."""

import logging

import pytest

from oauth_guard.log_limit import LogLimit
from tests.builders.clock import FakeClock


def test_lines_of_one_kind_are_counted_and_written_once_in_ten_seconds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Another kind is not affected."""
    clock = FakeClock(1000)
    limit = LogLimit(clock)
    for _ in range(100):
        limit.log(logging.WARNING, "a", "line %s", "a")
        limit.log(logging.ERROR, "b", "line b")
        clock.advance(0.125)
    assert [(each.levelno, each.getMessage()) for each in caplog.records] == [
        (logging.WARNING, "line a"),
        (logging.ERROR, "line b"),
        (logging.WARNING, "line a (79 more in the last 10 s)"),
        (logging.ERROR, "line b (79 more in the last 10 s)"),
    ]


def test_line_that_comes_alone_has_no_count(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing was left out."""
    clock = FakeClock(1000)
    limit = LogLimit(clock)
    for _ in range(2):
        limit.log(logging.WARNING, "a", "line")
        clock.advance(10)
    assert [each.getMessage() for each in caplog.records] == ["line", "line"]


def test_at_most_a_thousand_kinds_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    """The oldest is dropped."""
    limit = LogLimit(FakeClock(1000))
    for kind in [*range(1001), 1, 0]:
        limit.log(logging.WARNING, kind, "line")
    assert len(caplog.records) == 1002
