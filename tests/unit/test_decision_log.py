"""DecisionLog: a rejection is one line at INFO, an outage one at WARNING, up to a limit."""

import logging
from typing import Any

import pytest

from oauth_guard.decision_log import DecisionLog
from oauth_guard.errors import InvalidToken, IssuerUnavailable, Reason
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import MovableClock

RESOURCE = "https://api.test"


def _request(method: str = "GET", path: str = "/orders") -> ResourceRequest:
    connection = {"method": method, "path": path, "headers": [], "query_string": b"secret=1"}
    return ResourceRequest(connection)


def test_rejection_is_logged_with_its_status_and_reason(caplog: pytest.LogCaptureFixture) -> None:
    """Only where INFO is enabled."""
    log = DecisionLog(RESOURCE)
    for level in (logging.WARNING, logging.INFO):
        with caplog.at_level(level, "oauth_guard"):
            log.write(InvalidToken(Reason.EXPIRED), 401)
    assert caplog.messages == ["https://api.test: rejected with 401: expired"]


def test_rejection_is_logged_with_request_and_detail(caplog: pytest.LogCaptureFixture) -> None:
    """In the line, which ends with the reason, and as a dictionary."""
    error = InvalidToken(Reason.MISSING_CLAIM).about(claim="jti")
    with caplog.at_level(logging.INFO, "oauth_guard"):
        DecisionLog(RESOURCE).write(error, 401, _request())
    assert caplog.messages == [
        "https://api.test: GET /orders: rejected with 401 (claim jti): missing_claim"
    ]
    assert vars(caplog.records[0])["oauth_guard"] == {
        "resource": RESOURCE,
        "status": 401,
        "reason": "missing_claim",
        "method": "GET",
        "path": "/orders",
        "claim": "jti",
    }


def test_outage_is_logged_with_request_and_detail(caplog: pytest.LogCaptureFixture) -> None:
    """URL and status are those of the issuer."""
    error = IssuerUnavailable("https://as.test", Reason.BAD_RESPONSE)
    error.about(url="https://as.test/jwks", response="418")
    DecisionLog(RESOURCE).write(error, 503, _request("POST"))
    (line,) = caplog.messages
    begin, _, detail = line.partition(" (")
    assert begin == "https://api.test: POST /orders: no response from https://as.test"
    assert detail == "url https://as.test/jwks, response 418): bad_response"
    facts: dict[str, Any] = vars(caplog.records[0])["oauth_guard"]
    assert facts["issuer"] == "https://as.test"
    assert (facts["url"], facts["response"]) == ("https://as.test/jwks", "418")
    assert facts["status"] == 503


def test_outage_is_logged_a_limited_number_of_times(caplog: pytest.LogCaptureFixture) -> None:
    """Callers can't fill the log."""
    log = DecisionLog(RESOURCE)
    for _ in range(20):
        log.write(IssuerUnavailable("https://as.test", Reason.TIMED_OUT))
    line = "https://api.test: no response from https://as.test: timed_out"
    assert caplog.messages == [line] * 5


def test_rejections_of_one_reason_are_logged_a_limited_number_of_times_with_a_count(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Callers can't fill the log, whatever paths they request, and each reason is in it."""
    clock = MovableClock(0)
    log = DecisionLog(RESOURCE, clock)
    with caplog.at_level(logging.INFO, "oauth_guard"):
        for number in range(20):
            log.write(InvalidToken(Reason.BAD_SIGNATURE), 401, _request("GET", f"/{number}"))
        log.write(InvalidToken(Reason.EXPIRED), 401, _request())
        clock.advance(10)
        log.write(InvalidToken(Reason.BAD_SIGNATURE), 401, _request())
    rejected = "rejected with 401"
    assert caplog.messages == [
        *(f"https://api.test: GET /{each}: {rejected}: bad_signature" for each in range(5)),
        f"https://api.test: GET /orders: {rejected}: expired",
        f"https://api.test: GET /orders: {rejected}: bad_signature (15 more in the last 10 s)",
    ]


@pytest.mark.parametrize(
    ("method", "path", "logged"),
    [
        ("GET", "/a\n2026 INFO forged", "GET /a%0A2026%20INFO%20forged"),
        ("G\x1b[31mT", "/", "G%1B%5B31mT /"),
        ("GET", "/\u202e\u00e9", "GET /%E2%80%AE%C3%A9"),
        ("A" * 300, "/" + "b" * 300, f"{'A' * 200} /{'b' * 199}"),
        ("GET", "", ""),
    ],
)
def test_request_can_not_forge_a_line(
    method: str, path: str, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Method and path are percent-encoded and cut off; the query is left out."""
    with caplog.at_level(logging.INFO, "oauth_guard"):
        DecisionLog(RESOURCE).write(InvalidToken(Reason.EXPIRED), 401, _request(method, path))
    place = f" {logged}:" if logged else ""
    assert caplog.messages == [f"{RESOURCE}:{place} rejected with 401: expired"]
