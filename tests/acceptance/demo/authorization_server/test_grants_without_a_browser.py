"""The password and client credentials grants, which need no browser."""

from typing import Any

import pytest

from tests.acceptance.demo.authorization_server.harness import (
    CREDENTIALS,
    ORIGIN,
    RESOURCE,
    Harness,
    basic,
    error_of,
    ok_json,
)

SERVICE = {
    "grant_type": "password",
    "username": "svc-etl",
    "password": CREDENTIALS["service_accounts"]["svc-etl"]["password"],
}
ITSELF = {"grant_type": "client_credentials"}


async def test_service_account_gets_a_token_by_the_password_grant(harness: Harness) -> None:
    """The subject is the account; there is no auth_time, since no person signed in."""
    headers = basic("demo-service") | {"apikey": "from some client software"}
    response = await harness.post("token?apikey=key", headers, **SERVICE, scope="read")
    token = ok_json(response)
    assert response.headers["cache-control"] == "no-store"
    assert token["scope"] == "read"
    claims = await harness.claims(token["access_token"])
    assert claims["sub"] == "s-etl-91e0c3d7"
    assert claims["client_id"] == "demo-service"
    assert "auth_time" not in claims
    ok_json(await harness.refresh(token["refresh_token"], "demo-service"))


async def test_client_credentials_token_has_the_client_as_subject(harness: Harness) -> None:
    """No refresh token is issued: the client can request another access token."""
    token = ok_json(await harness.post("token", basic("demo-service"), **ITSELF, scope="write"))
    assert "refresh_token" not in token
    claims = await harness.claims(token["access_token"])
    assert claims["sub"] == claims["client_id"] == "demo-service"
    assert claims["iss"] == ORIGIN
    assert claims["aud"] == RESOURCE
    assert claims["scope"] == "write"


@pytest.mark.parametrize("grant", [SERVICE, ITSELF], ids=["password", "client credentials"])
async def test_token_request_without_scope_gets_the_default_scope(
    harness: Harness, grant: dict[str, str]
) -> None:
    """The default is `read`; the resource may be named."""
    token = ok_json(
        await harness.post("token", basic("demo-service"), **grant, resource=[RESOURCE, RESOURCE])
    )
    assert token["scope"] == "read"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        pytest.param(SERVICE | {"password": "wrong"}, "invalid_grant", id="wrong password"),
        pytest.param(SERVICE | {"username": "nobody"}, "invalid_grant", id="unknown account"),
        pytest.param(
            SERVICE
            | {"username": "ada", "password": CREDENTIALS["resource_owners"]["ada"]["password"]},
            "invalid_grant",
            id="a person's password",
        ),
        pytest.param(SERVICE | {"password": ""}, "invalid_request", id="no password"),
        pytest.param(SERVICE | {"username": ""}, "invalid_request", id="no name"),
        pytest.param(SERVICE | {"scope": "admin"}, "invalid_scope", id="password, scope"),
        pytest.param(ITSELF | {"scope": "read admin"}, "invalid_scope", id="client, scope"),
        pytest.param(ITSELF | {"scope": "read\twrite"}, "invalid_scope", id="tab in scope"),
        pytest.param(ITSELF | {"scope": "read\nwrite"}, "invalid_scope", id="newline in scope"),
        pytest.param(ITSELF | {"scope": "read\u00a0write"}, "invalid_scope", id="no-break space"),
        pytest.param(SERVICE | {"scope": "read\twrite"}, "invalid_scope", id="password, tab"),
        pytest.param(ITSELF | {"scope": 'r"\\é'}, "invalid_scope", id="unusual characters"),
        pytest.param(ITSELF | {"resource": ORIGIN}, "invalid_target", id="other resource"),
        pytest.param(ITSELF | {"scope": ["read", "write"]}, "invalid_request", id="two scopes"),
        pytest.param({"grant_type": ""}, "invalid_request", id="no grant"),
        pytest.param({"grant_type": 'x"\\é'}, "unsupported_grant_type", id="unknown grant"),
        pytest.param({"grant_type": "refresh_token"}, "invalid_request", id="no refresh token"),
    ],
)
async def test_invalid_token_request_is_rejected_with_its_error_code(
    harness: Harness, data: dict[str, Any], error: str
) -> None:
    """The codes are those of RFC 6749 §5.2."""
    response = await harness.post("token", basic("demo-service"), **data)
    assert error_of(response) == (400, error)
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("grant", [SERVICE, ITSELF], ids=["password", "client credentials"])
async def test_client_not_registered_for_the_grant_is_rejected(
    harness: Harness, grant: dict[str, str]
) -> None:
    """The web application may not use the grants of the service."""
    response = await harness.post("token", basic("demo-web"), **grant)
    assert error_of(response) == (400, "unauthorized_client")


@pytest.mark.parametrize("grant", [SERVICE, ITSELF], ids=["password", "client credentials"])
async def test_public_client_is_rejected_for_grants_without_a_person(
    harness: Harness, grant: dict[str, str]
) -> None:
    """It has no secret to authenticate with."""
    response = await harness.post("token", client_id="demo-cli", **grant)
    assert error_of(response) == (401, "invalid_client")
