"""Decision: its values are in closed sets."""

import pytest

from oauth_guard.protocol.events import Decision, known_method


@pytest.mark.parametrize(
    ("method", "expected"),
    [("GET", "GET"), ("QUERY", "QUERY"), ("get", "other"), ("BREW", "other"), ("", "other")],
)
def test_method_that_is_not_standard_is_other(method: str, expected: str) -> None:
    """A client can send any method, and must not fill a table of counters."""
    assert known_method(method) == expected


def test_decision_has_only_what_is_known() -> None:
    """The other members are None."""
    assert Decision("https://api.test", "authorized")[2:] == (None,) * 6
