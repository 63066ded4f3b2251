"""read_security_event: which tokens the subject of an event names."""

from typing import Any

import pytest

from oauth_guard.jose.jws import JWSHeader
from oauth_guard.protocol.security_event import read_security_event

ISSUER, NOW = "https://as.example.com", 1_800_000_000
REVOKED = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
CHANGED = "https://schemas.openid.net/secevent/caep/event-type/token-claims-change"
USER = {"format": "iss_sub", "iss": ISSUER, "sub": "u1"}
SESSION = {"format": "opaque", "id": "s1"}


@pytest.mark.parametrize(
    ("subject", "selector"),
    [
        (USER, {"subject": "u1", "issued_until": NOW}),
        ({"format": "opaque", "id": "u1"}, {"subject": "u1", "issued_until": NOW}),
        ({"format": "jwt_id", "iss": ISSUER, "jti": "j1"}, {"jti": "j1"}),
        ({"user": USER, "session": SESSION}, {"sid": "s1", "subject": "u1"}),
        ({"session": SESSION}, {"sid": "s1"}),
        ({"user": {"format": "jwt_id", "iss": ISSUER, "jti": "j"}, "session": SESSION}, None),
        ({"format": "jwt_id", "iss": ISSUER}, None),
        ({"format": ["iss_sub"], "iss": ISSUER, "sub": "u1"}, None),
        ({"user": {**USER, "format": {}}}, None),
        ({}, None),
    ],
    ids=str,
)
def test_subject_names_tokens(subject: dict[str, Any], selector: dict[str, Any] | None) -> None:
    """By the selector that `Guard.revoke` takes."""
    claims = {
        "iss": ISSUER,
        "aud": "r",
        "iat": NOW,
        "jti": "e1",
        "sub_id": subject,
        "events": {REVOKED: {}},
    }
    header = JWSHeader("ES256", "secevent+jwt", None, ())
    event = read_security_event(header, claims, ["r"], (), NOW)
    assert event.selectors == (() if selector is None else (selector,))


@pytest.mark.parametrize(
    ("subject", "changes"),
    [
        (USER, (({"subject": "u1"}, NOW - 60),)),
        ({"format": "jwt_id", "iss": ISSUER, "jti": "j1"}, (({"jti": "j1"}, NOW - 60),)),
        ({"user": USER, "session": SESSION}, (({"sid": "s1", "subject": "u1"}, NOW - 60),)),
        ({"format": "email", "email": "u1@example.com"}, ()),
    ],
    ids=str,
)
def test_change_of_claims_names_tokens_and_a_time(subject: dict[str, Any], changes: Any) -> None:
    """It revokes none."""
    claims = {
        "iss": ISSUER,
        "aud": "r",
        "iat": NOW,
        "jti": "e1",
        "sub_id": subject,
        "events": {CHANGED: {"event_timestamp": NOW - 60}},
    }
    event = read_security_event(
        JWSHeader("ES256", "secevent+jwt", None, ()), claims, ["r"], (), NOW
    )
    assert (event.selectors, event.changes) == ((), changes)
