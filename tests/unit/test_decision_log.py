"""DecisionLog: a rejection is one line at INFO, an outage one at WARNING, up to a limit."""

import logging

import pytest

from oauth_guard.decision_log import DecisionLog
from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason

RESOURCE = "https://api.test"


def test_rejection_is_logged_with_its_status_and_reason(caplog: pytest.LogCaptureFixture) -> None:
    """Only where INFO is enabled."""
    log = DecisionLog(RESOURCE)
    for level in (logging.WARNING, logging.INFO):
        with caplog.at_level(level, "oauth_guard"):
            log.write(InvalidToken(Reason.EXPIRED), 401)
    assert caplog.messages == ["https://api.test: rejected with 401: expired"]


def test_outage_is_logged_a_limited_number_of_times(caplog: pytest.LogCaptureFixture) -> None:
    """Callers can't fill the log."""
    log = DecisionLog(RESOURCE)
    for _ in range(20):
        log.write(IssuerUnavailable("https://as.test", Reason.TIMED_OUT))
    line = "https://api.test: no response from https://as.test: timed_out"
    assert caplog.messages == [line] * 5
