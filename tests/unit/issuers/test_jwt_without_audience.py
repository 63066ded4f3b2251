"""JWTIssuer: tokens without `aud`, which only a reason of the operator accepts."""

from typing import Any

import pytest

from oauth_guard import Guard, JWTIssuer
from oauth_guard.errors import InvalidToken, Reason
from oauth_guard.issuers.presets import keycloak
from oauth_guard.protocol.request import ResourceRequest
from oauth_guard.testing import LocalIssuer

API = "https://api.test"
LOCAL = LocalIssuer()
REASON: Any = {"without_audience": "single resource"}


async def _outcome(issuer: JWTIssuer, token: str) -> str:
    headers = [(b"authorization", f"Bearer {token}".encode())]
    try:
        return str(
            (await Guard(API, [issuer]).authenticate(ResourceRequest({"headers": headers}))).subject
        )
    except InvalidToken as error:
        return error.reason


@pytest.mark.conformance("7519-06")
@pytest.mark.parametrize(
    ("settings", "audience", "outcome"),
    [
        pytest.param({}, None, Reason.MISSING_CLAIM, id="no reason"),
        pytest.param(
            {"required_claims": ["sub"]}, None, Reason.WRONG_AUDIENCE, id="not required, no reason"
        ),
        pytest.param(REASON, None, "u1", id="no audience"),
        pytest.param(REASON, [], "u1", id="an empty audience"),
        pytest.param(REASON, API, "u1", id="this resource"),
        pytest.param(REASON, "https://other.test", Reason.WRONG_AUDIENCE, id="another resource"),
        pytest.param(
            {**REASON, "clients": ["c2"]}, None, Reason.WRONG_CLIENT, id="a client not accepted"
        ),
        pytest.param(
            {**REASON, "required_claims": ["org"]}, None, Reason.MISSING_CLAIM, id="required claim"
        ),
    ],
)
async def test_token_without_audience_is_accepted_only_with_a_reason(
    settings: dict[str, Any], audience: Any, outcome: str
) -> None:
    """A token with an audience needs the right one all the same; so do the other claims."""
    issuer = JWTIssuer(LOCAL.issuer, keys=LOCAL.jwks, **settings)
    assert await _outcome(issuer, LOCAL.token(aud=audience)) == outcome


async def test_preset_accepts_the_reason() -> None:
    """Its own list of required claims then has no `aud`."""
    local = LocalIssuer("https://sso.test/realms/a")
    token = local.token(aud=None, azp="c1", typ="Bearer", header={"typ": "JWT"})
    for settings, outcome in (({}, Reason.MISSING_CLAIM), (REASON, "u1")):
        assert await _outcome(keycloak(local.issuer, keys=local.jwks, **settings), token) == outcome
