"""The introspection endpoint of `LocalIssuer` authenticates clients and reports token state."""

import json

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from oauth_guard.testing import LocalIssuer

ENDPOINT = "https://issuer.test/introspect"
JSON = {"accept": "application/json"}
PRIVATE = ec.generate_private_key(ec.SECP256R1())


async def introspect(local: LocalIssuer, token: str, **more: str) -> httpx.Response:
    """Introspect *token* as the client `api`."""
    form = {"token": token, "client_id": "api", "client_secret": "secret", **more}
    return await local.http.post(ENDPOINT, data=form, headers=JSON)


async def test_issued_token_is_active_until_it_is_revoked() -> None:
    """A token that was never issued is inactive."""
    local = LocalIssuer()
    token = local.opaque_token("read", sub="u7", exp=None)
    members = (await introspect(local, token)).json()
    assert (members["active"], members["sub"], members["scope"]) == (True, "u7", "read")
    assert "exp" not in members
    local.revoke(token)
    assert (await introspect(local, token)).json() == {"active": False}
    assert (await introspect(local, "unknown")).json() == {"active": False}
    assert [form["token"] for form in local.introspection.forms] == [token, token, "unknown"]


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        pytest.param({}, {}, id="no client"),
        pytest.param(
            {"client_id": "api", "client_secret": "wrong"}, {}, id="wrong secret in the form"
        ),
        pytest.param({"client_id": "other", "client_secret": "secret"}, {}, id="unknown client"),
        pytest.param({}, {"authorization": "Basic YXBpOndyb25n"}, id="wrong secret in the header"),
        pytest.param({}, {"authorization": "Bearer wrong"}, id="wrong bearer token"),
        pytest.param(
            {"client_id": "api", "client_assertion": "a.b.c"}, {}, id="malformed assertion"
        ),
    ],
)
async def test_unauthenticated_client_gets_401(
    form: dict[str, str], headers: dict[str, str]
) -> None:
    """With each method of client authentication."""
    local = LocalIssuer()
    token = local.opaque_token()
    response = await local.http.post(
        ENDPOINT, data={"token": token, **form}, headers=JSON | headers
    )
    assert (response.status_code, response.json()) == (401, {"error": "invalid_client"})


async def test_client_assertion_must_be_signed_by_the_client_for_this_issuer() -> None:
    """Another audience or another subject gets 401."""
    local = LocalIssuer()
    local.introspection.clients = {"api": PRIVATE.public_key()}
    valid = {"iss": "api", "sub": "api", "aud": local.issuer, "jti": "1", "exp": 1}
    for claims, status in (
        (valid, 200),
        (valid | {"aud": "other"}, 401),
        (valid | {"sub": "x"}, 401),
    ):
        assertion = jwt.encode(claims, PRIVATE, algorithm="ES256")
        form = {"token": "t", "client_id": "api", "client_assertion": assertion}
        response = await local.http.post(ENDPOINT, data=form, headers=JSON)
        assert response.status_code == status


async def test_get_request_gets_401() -> None:
    """A token in a URL is ignored."""
    local = LocalIssuer()
    headers = {**JSON, "authorization": "Basic YXBpOnNlY3JldA=="}
    assert (await local.http.get(ENDPOINT, headers=headers)).status_code == 401


async def test_signed_response_is_a_jwt_for_the_client() -> None:
    """The key that signs tokens signs it (RFC 9701)."""
    local = LocalIssuer(clock=lambda: 1_800_000_000)
    media_type = "application/token-introspection+jwt"
    form = {"token": "t", "client_id": "api", "client_secret": "secret"}
    response = await local.http.post(ENDPOINT, data=form, headers={"accept": media_type})
    assert response.headers["content-type"] == media_type
    assert jwt.get_unverified_header(response.text)["typ"] == "token-introspection+jwt"
    public = jwt.PyJWK(local.keys[0].jwk)
    claims = jwt.decode(response.text, public, audience="api", options={"verify_iat": False})
    assert json.loads(json.dumps(claims)) == {
        "iss": local.issuer,
        "aud": "api",
        "iat": 1_800_000_000,
        "token_introspection": {"active": False},
    }
