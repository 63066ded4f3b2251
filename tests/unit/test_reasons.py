"""Reason: each reason is a distinct word for logs and counters."""

import re

from oauth_guard.reasons import Reason


def test_each_reason_is_its_name_in_lower_case() -> None:
    """So that a log line can be found in the code."""
    assert all(re.fullmatch(r"[a-z0-9_]+", each) and each == each.name.lower() for each in Reason)
