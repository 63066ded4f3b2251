"""The kit's introspection endpoint tells who may ask about the tokens that it knows."""

import json

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from oauth_guard.testing import LocalIssuer

ENDPOINT = "https://issuer.test/introspect"
JSON = {"accept": "application/json"}
PRIVATE = ec.generate_private_key(ec.SECP256R1())


async def ask(local: LocalIssuer, token: str, **more: str) -> httpx.Response:
    """Ask about *token* as the client `api`."""
    form = {"token": token, "client_id": "api", "client_secret": "secret", **more}
    return await local.http.post(ENDPOINT, data=form, headers=JSON)


async def test_a_token_is_active_until_it_is_revoked() -> None:
    """And one that was never issued is not."""
    local = LocalIssuer()
    token = local.opaque_token("read", sub="u7", exp=None)
    members = (await ask(local, token)).json()
    assert (members["active"], members["sub"], members["scope"]) == (True, "u7", "read")
    assert "exp" not in members
    local.revoke(token)
    assert (await ask(local, token)).json() == {"active": False}
    assert (await ask(local, "unknown")).json() == {"active": False}
    assert [form["token"] for form in local.introspection.forms] == [token, token, "unknown"]


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        pytest.param({}, {}, id="nobody"),
        pytest.param({"client_id": "api", "client_secret": "wrong"}, {}, id="post"),
        pytest.param({"client_id": "other", "client_secret": "secret"}, {}, id="unknown"),
        pytest.param({}, {"authorization": "Basic YXBpOndyb25n"}, id="basic"),
        pytest.param({}, {"authorization": "Bearer wrong"}, id="token"),
        pytest.param({"client_id": "api", "client_assertion": "a.b.c"}, {}, id="assertion"),
    ],
)
async def test_who_is_not_known_hears_nothing(
    form: dict[str, str], headers: dict[str, str]
) -> None:
    """By none of the ways to ask."""
    local = LocalIssuer()
    token = local.opaque_token()
    answer = await local.http.post(ENDPOINT, data={"token": token, **form}, headers=JSON | headers)
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


async def test_an_assertion_needs_the_key_of_the_client() -> None:
    """And must be for this issuer."""
    local = LocalIssuer()
    local.introspection.clients = {"api": PRIVATE.public_key()}
    good = {"iss": "api", "sub": "api", "aud": local.issuer, "jti": "1", "exp": 1}
    for claims, status in ((good, 200), (good | {"aud": "other"}, 401), (good | {"sub": "x"}, 401)):
        assertion = jwt.encode(claims, PRIVATE, algorithm="ES256")
        form = {"token": "t", "client_id": "api", "client_assertion": assertion}
        answer = await local.http.post(ENDPOINT, data=form, headers=JSON)
        assert answer.status_code == status


async def test_a_question_is_a_post() -> None:
    """A token in a URL is not looked at."""
    local = LocalIssuer()
    headers = {**JSON, "authorization": "Basic YXBpOnNlY3JldA=="}
    assert (await local.http.get(ENDPOINT, headers=headers)).status_code == 401


async def test_a_signed_answer_is_a_jwt_for_the_client() -> None:
    """Signed by the key that signs tokens."""
    local = LocalIssuer(clock=lambda: 1_800_000_000)
    kind = "application/token-introspection+jwt"
    form = {"token": "t", "client_id": "api", "client_secret": "secret"}
    answer = await local.http.post(ENDPOINT, data=form, headers={"accept": kind})
    assert answer.headers["content-type"] == kind
    assert jwt.get_unverified_header(answer.text)["typ"] == "token-introspection+jwt"
    public = jwt.PyJWK(local.keys[0].jwk)
    claims = jwt.decode(answer.text, public, audience="api", options={"verify_iat": False})
    assert json.loads(json.dumps(claims)) == {
        "iss": local.issuer,
        "aud": "api",
        "iat": 1_800_000_000,
        "token_introspection": {"active": False},
    }
