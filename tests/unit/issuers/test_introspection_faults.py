"""IntrospectionFaults: whose fault a response is, and lines that callers can't multiply."""

import pytest

from oauth_guard.errors import Reason
from oauth_guard.http.fetcher import HTTPResult
from oauth_guard.issuers.introspection_faults import IntrospectionFaults
from oauth_guard.protocol.claims import ClaimRules
from tests.builders.clock import FakeClock

ISSUER = "https://as.example.com"
RULES = ClaimRules.of(ISSUER, required_claims=())


def response(status: int, body: bytes = b"{}") -> HTTPResult:
    """Return a response of the endpoint."""
    return HTTPResult(status, "application/json", body, None, None)


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        pytest.param(response(401), Reason.CLIENT_REFUSED, id="401"),
        pytest.param(response(404), Reason.BAD_RESPONSE, id="404"),
        pytest.param(
            response(400, b'{"error":"unsupported_token_type"}'),
            Reason.TOKEN_NOT_ACCEPTED,
            id="unsupported",
        ),
    ],
)
def test_refusal_is_logged_five_times_in_ten_seconds(
    result: HTTPResult, reason: Reason, caplog: pytest.LogCaptureFixture
) -> None:
    """With its status and the client."""
    faults = IntrospectionFaults(RULES, "api", clock=FakeClock())
    assert {faults.refusal(result).reason for _ in range(100)} == {reason}
    assert len(caplog.messages) == 5
    assert f"returned {result.status} to api: " in caplog.messages[0]


def test_unusable_member_is_named_without_its_value(caplog: pytest.LogCaptureFixture) -> None:
    """Members that are not read are not named."""
    faults = IntrospectionFaults(RULES, "api")
    members = {"active": True, "exp": "s3cr3t", "other": ["s3cr3t"]}
    assert faults.malformed(members, Reason.MALFORMED_CLAIM).reason is Reason.MALFORMED_CLAIM
    assert caplog.messages == [f"{ISSUER}: the introspection response has no usable exp"]
