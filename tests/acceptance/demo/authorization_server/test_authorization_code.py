"""The authorization code flow: PKCE is required, a code is bound to its request and works once."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.acceptance.demo.authorization_server.harness import (
    OAUTH,
    ORIGIN,
    RESOURCE,
    VERIFIER,
    Harness,
    alert,
    basic,
    error_of,
    ok_json,
    redirect_parameters,
)

CALLBACK = "http://localhost:5000/oauth2/callback"


async def test_code_flow_issues_an_access_token_with_the_expected_claims(harness: Harness) -> None:
    """The claims name issuer, audience, subject, client, scope, times and the sign-in time."""
    parameters = await harness.consent(scope="read write", state="xyz")
    assert parameters["state"] == "xyz"
    assert parameters["iss"] == ORIGIN
    token = ok_json(await harness.redeem(parameters["code"]))
    assert token["token_type"] == "Bearer"
    assert token["expires_in"] == 300
    claims = await harness.claims(token["access_token"])
    assert claims.pop("jti")
    now = int(harness.clock.now)
    assert claims == {
        "iss": ORIGIN,
        "aud": RESOURCE,
        "sub": "u-ada-5f1c7e90",
        "client_id": "demo-web",
        "scope": "read write",
        "iat": now,
        "exp": now + 300,
        "auth_time": now,
        "acr": "password",
    }


async def test_authorization_request_without_optional_parameters_uses_the_defaults(
    harness: Harness,
) -> None:
    """The client's default scope and its only redirect_uri apply; an `apikey` is ignored."""
    page = await harness.authorize(apikey="from some client software")
    redirect = await harness.submit(await harness.sign_in(page), action="allow")
    assert redirect.headers["location"].startswith(f"{CALLBACK}?code=")
    parameters = redirect_parameters(redirect)
    assert set(parameters) == {"code", "iss"}
    # `scope` beside the code has no effect, and the client may name itself twice.
    token = ok_json(await harness.redeem(parameters["code"], scope="read", client_id="demo-web"))
    assert token["scope"] == "read"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"code_challenge": None}, "invalid_request", id="no challenge"),
        pytest.param({"code_challenge_method": None}, "invalid_request", id="no method"),
        pytest.param({"code_challenge_method": "plain"}, "invalid_request", id="plain"),
        pytest.param({"code_challenge": "short"}, "invalid_request", id="short challenge"),
        pytest.param({"response_type": "token"}, "unsupported_response_type", id="implicit"),
        pytest.param(
            {"response_type": 'c"\\é'}, "unsupported_response_type", id="unusual characters"
        ),
        pytest.param({"response_type": None}, "unsupported_response_type", id="no type"),
        pytest.param({"scope": "read admin"}, "invalid_scope", id="unknown scope"),
        pytest.param({"scope": "read\twrite"}, "invalid_scope", id="tab in scope"),
        pytest.param({"scope": "read\u2003write"}, "invalid_scope", id="em space in scope"),
        pytest.param({"resource": "https://other.example"}, "invalid_target", id="other resource"),
    ],
)
async def test_invalid_request_of_a_known_client_is_redirected_with_an_error(
    harness: Harness, changes: dict[str, Any], error: str
) -> None:
    """The redirect carries the error, the state and the issuer, and no code."""
    response = await harness.authorize(state="xyz", **changes)
    assert response.headers["location"].startswith(f"{CALLBACK}?")
    parameters = redirect_parameters(response)
    assert parameters["error"] == error
    assert parameters["state"] == "xyz"
    assert parameters["iss"] == ORIGIN
    assert "code" not in parameters


async def test_invalid_request_of_a_self_registered_client_redirects_only_a_signed_in_person(
    harness: Harness,
) -> None:
    """Otherwise anyone could make a link to this server that ends elsewhere (RFC 9700 §4.11.2)."""
    own = {"redirect_uris": ["https://evil.example/cb"]}
    client = ok_json(await harness.http.post(f"{OAUTH}/register", json=own))["client_id"]
    anonymous = await harness.authorize(client, code_challenge=None)
    assert anonymous.status_code == 400
    assert "location" not in anonymous.headers
    assert alert(anonymous)
    await harness.sign_in(await harness.authorize(client))
    signed_in = await harness.authorize(client, code_challenge=None)
    assert signed_in.headers["location"].startswith("https://evil.example/cb?")
    assert redirect_parameters(signed_in)["error"] == "invalid_request"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"client_id": "nobody"}, id="unknown client"),
        pytest.param({"client_id": None}, id="no client"),
        pytest.param({"client_id": "demo-service"}, id="client without redirect_uri"),
        pytest.param({"client_id": "demo-cli"}, id="client with two, none named"),
        pytest.param({"client_id": ["demo-web", "demo-cli"]}, id="two clients"),
        pytest.param({"redirect_uri": "https://evil.example/cb"}, id="foreign redirect_uri"),
        pytest.param({"redirect_uri": f"{CALLBACK}/"}, id="one character more"),
        pytest.param({"redirect_uri": CALLBACK.replace("5000", "5001")}, id="localhost, new port"),
        pytest.param({"redirect_uri": 'javascript:alert("é")'}, id="script"),
        pytest.param({"redirect_uri": [CALLBACK, CALLBACK]}, id="two redirect_uris"),
        pytest.param({"scope": ["read", "read"]}, id="two scopes"),
    ],
)
async def test_request_without_a_valid_redirect_uri_gets_an_error_page(
    harness: Harness, changes: dict[str, Any]
) -> None:
    """The server never redirects to an address that no client registered."""
    response = await harness.authorize(**changes)
    assert response.status_code == 400
    assert "location" not in response.headers
    assert alert(response)
    assert "evil" not in response.text


@pytest.mark.parametrize(
    "redirect_uri",
    [
        pytest.param("http://127.0.0.1/callback", id="as registered"),
        pytest.param("http://127.0.0.1:49152/callback", id="any loopback port"),
        pytest.param(f"{ORIGIN}/v1/fastapi/docs/oauth2-redirect", id="docs page"),
        pytest.param("http://127.0.0.1:9000/docs/oauth2-redirect", id="docs page of another app"),
    ],
)
async def test_public_client_redeems_its_code_with_pkce_and_no_secret(
    harness: Harness, redirect_uri: str
) -> None:
    """It sends its redirect_uri in both requests and its verifier in the second."""
    parameters = await harness.consent("demo-cli", redirect_uri=redirect_uri)
    response = await harness.redeem(parameters["code"], "demo-cli", redirect_uri=redirect_uri)
    claims = await harness.claims(ok_json(response)["access_token"])
    assert claims["client_id"] == "demo-cli"


async def test_redirect_uri_with_a_query_keeps_it(harness: Harness) -> None:
    """The registered query parameters come back with the code."""
    uri = "https://client.example/cb?tenant=a%20b"
    registered = await harness.http.post(
        "/v1/auth/oauth2/register", json={"redirect_uris": [uri], "client_name": "Tenant"}
    )
    redirect = await harness.submit(
        await harness.sign_in(await harness.authorize(ok_json(registered)["client_id"])),
        action="allow",
    )
    assert urlsplit(redirect.headers["location"]).hostname == "client.example"
    assert redirect_parameters(redirect)["tenant"] == "a b"


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        pytest.param({"code": "guess"}, (400, "invalid_grant"), id="wrong code"),
        pytest.param({"code": ""}, (400, "invalid_request"), id="no code"),
        pytest.param({"code_verifier": "x" * 43}, (400, "invalid_grant"), id="wrong verifier"),
        pytest.param({"code_verifier": "x"}, (400, "invalid_request"), id="bad verifier"),
        pytest.param({"code_verifier": ""}, (400, "invalid_request"), id="no verifier"),
        pytest.param({"redirect_uri": ORIGIN}, (400, "invalid_grant"), id="other redirect_uri"),
        pytest.param({"redirect_uri": ""}, (400, "invalid_grant"), id="redirect_uri not repeated"),
        pytest.param({"resource": ORIGIN}, (400, "invalid_target"), id="other resource"),
    ],
)
async def test_code_with_another_redirect_uri_verifier_or_resource_is_rejected(
    harness: Harness, changes: dict[str, str], refusal: tuple[int, str]
) -> None:
    """A code is bound to the authorization request that it comes from."""
    code = (await harness.consent(redirect_uri=CALLBACK))["code"]
    wrong = {"code": code, "redirect_uri": CALLBACK} | changes
    assert error_of(await harness.redeem(**wrong)) == refusal


async def test_code_of_another_client_is_rejected_and_stays_usable(harness: Harness) -> None:
    """The client that the code was issued to can still redeem it."""
    code = (await harness.consent())["code"]
    assert error_of(await harness.redeem(code, "demo-cli")) == (400, "invalid_grant")
    ok_json(await harness.redeem(code))


async def test_second_use_of_a_code_revokes_the_tokens_of_the_first(harness: Harness) -> None:
    """One of the two uses is a theft, so the whole family is revoked."""
    code = (await harness.consent())["code"]
    token = ok_json(await harness.redeem(code))
    assert error_of(await harness.redeem(code)) == (400, "invalid_grant")
    assert error_of(await harness.refresh(token["refresh_token"])) == (400, "invalid_grant")
    assert await harness.introspect(token["access_token"]) == {"active": False}


@pytest.mark.parametrize(
    ("seconds", "status"), [pytest.param(59, 200, id="59 s"), pytest.param(60, 400, id="60 s")]
)
async def test_code_expires_after_sixty_seconds(
    harness: Harness, seconds: int, status: int
) -> None:
    """At 60 seconds it is rejected, at 59 it works."""
    code = (await harness.consent())["code"]
    harness.clock.now += seconds
    assert (await harness.redeem(code)).status_code == status


async def test_client_not_registered_for_the_code_grant_is_rejected(harness: Harness) -> None:
    """The grant type is checked before the code."""
    data = {"grant_type": "authorization_code", "code": "any", "code_verifier": VERIFIER}
    response = await harness.post("token", basic("demo-service"), **data)
    assert error_of(response) == (400, "unauthorized_client")
