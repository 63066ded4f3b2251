"""LogoutToken: what its claims say; the rows of the matrix check which tokens are rejected."""

import pytest

from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.jose.jws import JWSHeader
from oauth_guard.protocol.logout_token import LogoutToken, read_logout_token

EVENTS: dict[str, dict[str, str]] = {"http://schemas.openid.net/event/backchannel-logout": {}}
CLAIMS = {"aud": "shop", "iat": 100, "exp": 220, "jti": "l1", "sub": "u1", "events": EVENTS}
TYPED = JWSHeader("ES256", "application/logout+jwt", "k1")


@pytest.mark.parametrize("now", [95, 100, 224.9])
def test_claims_are_returned(now: float) -> None:
    """Clocks may differ by five seconds."""
    token = read_logout_token(TYPED, CLAIMS, {"shop"}, now)
    assert token == LogoutToken("l1", "u1", None, 100, 225)


@pytest.mark.parametrize(
    ("now", "reason"), [(94.9, Reason.ISSUED_IN_FUTURE), (225, Reason.EXPIRED)]
)
def test_token_outside_its_lifetime_is_rejected(now: float, reason: Reason) -> None:
    """At its end it is not accepted any more."""
    with pytest.raises(InvalidToken) as rejection:
        read_logout_token(TYPED, CLAIMS, {"shop"}, now)
    assert rejection.value.reason is reason
