"""OpenID Connect: ID tokens, discovery and userinfo."""

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.acceptance.demo.authorization_server.harness import ORIGIN, Harness, basic, ok_json


async def test_id_token_names_person_client_and_nonce(harness: Harness) -> None:
    """It is signed with a published key, and is of another type than access tokens."""
    issued = await harness.tokens(scope="openid read", nonce="n-1")
    keys = KeySet.import_key_set((await harness.http.get("/v1/auth/oauth2/jwks")).json())
    token = jwt.decode(issued["id_token"], keys, ["ES256"])
    assert token.header["typ"] == "JWT"
    assert token.claims["sub"] == "u-ada-5f1c7e90"
    assert (token.claims["aud"], token.claims["nonce"]) == ("demo-web", "n-1")
    assert token.claims["iss"] == ORIGIN
    assert issued["scope"] == "openid read"


async def test_client_that_acts_for_itself_gets_no_id_token(harness: Harness) -> None:
    """There is no person whom it could name."""
    form = {"grant_type": "client_credentials"}
    issued = ok_json(await harness.post("token", basic("demo-service"), **form))
    assert "id_token" not in issued


async def test_discovery_names_the_userinfo_endpoint(harness: Harness) -> None:
    """The document extends the authorization server metadata."""
    plain = ok_json(await harness.http.get("/.well-known/oauth-authorization-server"))
    document = ok_json(await harness.http.get("/.well-known/openid-configuration"))
    assert plain.items() <= document.items()
    assert document["userinfo_endpoint"] == f"{ORIGIN}/v1/auth/oauth2/userinfo"


async def test_userinfo_describes_the_person_of_the_token(harness: Harness) -> None:
    """The subject is that of the token."""
    issued = await harness.tokens()
    headers = {"Authorization": f"Bearer {issued['access_token']}"}
    claims = ok_json(await harness.http.get("/v1/auth/oauth2/userinfo", headers=headers))
    assert claims["sub"] == "u-ada-5f1c7e90"
    assert claims["name"] == "Ada Lovelace"
    assert claims["visier:user_id"] == claims["sub"]
    assert {"visier:tenant_id", "visier:capabilities"} <= set(claims)


@pytest.mark.parametrize("kind", ["none", "Basic", "unknown", "refresh_token", "id_token"])
async def test_userinfo_needs_an_access_token(harness: Harness, kind: str) -> None:
    """Every other credential gets 401 with a challenge."""
    issued = await harness.tokens() | {"unknown": "x.y.z"}
    headers = {
        "none": {},
        "Basic": {"Authorization": "Basic eDp5"},
    }.get(kind, {"Authorization": f"Bearer {issued.get(kind)}"})
    response = await harness.http.get("/v1/auth/oauth2/userinfo", headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
