"""The password and client credentials grants: for programs alone."""

from typing import Any

import pytest

from tests.acceptance.demo.authorization_server.stage import (
    CAST,
    ORIGIN,
    RESOURCE,
    Stage,
    accepted,
    basic,
    refused,
)

SERVICE = {
    "grant_type": "password",
    "username": "svc-etl",
    "password": CAST["service_accounts"]["svc-etl"]["password"],
}
ITSELF = {"grant_type": "client_credentials"}


async def test_a_service_account_gets_a_token_by_its_password(stage: Stage) -> None:
    """The subject is the account's, and there was no person to sign in."""
    headers = basic("demo-service") | {"apikey": "from some client software"}
    response = await stage.post("token?apikey=key", headers, **SERVICE, scope="read")
    token = accepted(response)
    assert response.headers["cache-control"] == "no-store"
    assert token["scope"] == "read"
    claims = await stage.claims(token["access_token"])
    assert claims["sub"] == "s-etl-91e0c3d7"
    assert claims["client_id"] == "demo-service"
    assert "auth_time" not in claims
    accepted(await stage.refresh(token["refresh_token"], "demo-service"))


async def test_a_client_acts_for_itself(stage: Stage) -> None:
    """Its id is the subject, and there is nothing to refresh: it can ask again."""
    token = accepted(await stage.post("token", basic("demo-service"), **ITSELF, scope="write"))
    assert "refresh_token" not in token
    claims = await stage.claims(token["access_token"])
    assert claims["sub"] == claims["client_id"] == "demo-service"
    assert claims["iss"] == ORIGIN
    assert claims["aud"] == RESOURCE
    assert claims["scope"] == "write"


@pytest.mark.parametrize("grant", [SERVICE, ITSELF], ids=["password", "client credentials"])
async def test_without_scope_the_default_applies(stage: Stage, grant: dict[str, str]) -> None:
    """The default is to read, and the resource may be named."""
    token = accepted(
        await stage.post("token", basic("demo-service"), **grant, resource=[RESOURCE, RESOURCE])
    )
    assert token["scope"] == "read"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        pytest.param(SERVICE | {"password": "wrong"}, "invalid_grant", id="wrong password"),
        pytest.param(SERVICE | {"username": "nobody"}, "invalid_grant", id="unknown account"),
        pytest.param(
            SERVICE | {"username": "ada", "password": CAST["resource_owners"]["ada"]["password"]},
            "invalid_grant",
            id="a person's password",
        ),
        pytest.param(SERVICE | {"password": ""}, "invalid_request", id="no password"),
        pytest.param(SERVICE | {"username": ""}, "invalid_request", id="no name"),
        pytest.param(SERVICE | {"scope": "admin"}, "invalid_scope", id="password, scope"),
        pytest.param(ITSELF | {"scope": "read admin"}, "invalid_scope", id="client, scope"),
        pytest.param(ITSELF | {"scope": 'r"\\é'}, "invalid_scope", id="odd letters"),
        pytest.param(ITSELF | {"resource": ORIGIN}, "invalid_target", id="other resource"),
        pytest.param(ITSELF | {"scope": ["read", "write"]}, "invalid_request", id="two scopes"),
        pytest.param({"grant_type": ""}, "invalid_request", id="no grant"),
        pytest.param({"grant_type": 'x"\\é'}, "unsupported_grant_type", id="unknown grant"),
        pytest.param({"grant_type": "refresh_token"}, "invalid_request", id="no refresh token"),
    ],
)
async def test_a_bad_token_request_is_refused(
    stage: Stage, data: dict[str, Any], error: str
) -> None:
    """With the code that RFC 6749 §5.2 has for it."""
    response = await stage.post("token", basic("demo-service"), **data)
    assert refused(response) == (400, error)
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("grant", [SERVICE, ITSELF], ids=["password", "client credentials"])
async def test_a_client_needs_to_be_registered_for_the_grant(
    stage: Stage, grant: dict[str, str]
) -> None:
    """A web application may not use what a service may."""
    response = await stage.post("token", basic("demo-web"), **grant)
    assert refused(response) == (400, "unauthorized_client")


@pytest.mark.parametrize("grant", [SERVICE, ITSELF], ids=["password", "client credentials"])
async def test_a_public_client_cannot_act_without_a_person(
    stage: Stage, grant: dict[str, str]
) -> None:
    """It has nothing to prove itself with."""
    response = await stage.post("token", client_id="demo-cli", **grant)
    assert refused(response) == (401, "invalid_client")
