"""Client authentication: the methods that work, and the single error of those that fail."""

import base64

import pytest

from tests.acceptance.demo.authorization_server.harness import (
    CREDENTIALS,
    OAUTH,
    Harness,
    basic,
    error_of,
    ok_json,
)

ITSELF = {"grant_type": "client_credentials"}
SECRET = CREDENTIALS["clients"]["demo-service"]["client_secret"]


def raw_basic(pair: bytes) -> dict[str, str]:
    """Return a Basic header with *pair*, which is not percent-encoded."""
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


@pytest.mark.parametrize(
    ("headers", "data"),
    [
        pytest.param(basic("demo-service"), {}, id="basic"),
        pytest.param(basic("demo-service"), {"client_id": "demo-service"}, id="basic and id"),
        pytest.param(
            raw_basic(b"demo%2Dservice:etl%25%3a%26%C3%A9-rows"), {}, id="basic, encoded further"
        ),
        pytest.param({}, {"client_id": "demo-service", "client_secret": SECRET}, id="post"),
    ],
)
async def test_client_with_its_secret_is_authenticated(
    harness: Harness, headers: dict[str, str], data: dict[str, str]
) -> None:
    """The secret is accepted in the header and in the body, with any characters in it."""
    ok_json(await harness.post("token", headers, **ITSELF, **data))


@pytest.mark.parametrize("endpoint", ["token", "introspect", "revoke"])
@pytest.mark.parametrize(
    ("headers", "data"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param(basic("demo-service", "wrong"), {}, id="wrong secret"),
        pytest.param(basic("demo-service", ""), {}, id="empty secret"),
        pytest.param(basic("nobody", SECRET), {}, id="unknown client"),
        pytest.param(basic("demo-cli", ""), {}, id="public client by basic"),
        pytest.param(basic("demo-service"), {"client_id": "demo-web"}, id="two clients"),
        pytest.param(raw_basic(b"demo-service:etl%:&-rows"), {}, id="bad percent-encoding"),
        pytest.param(raw_basic(b"demo-service:etl%25%3A%26%E9-rows"), {}, id="latin-1 inside"),
        pytest.param(raw_basic("demo-service:é".encode()), {}, id="not ascii"),
        pytest.param(raw_basic(b"demo-service"), {}, id="no colon"),
        pytest.param({"Authorization": "Basic %%%"}, {}, id="not base64"),
        pytest.param({"Authorization": "Basic"}, {}, id="scheme alone"),
        pytest.param({"Authorization": "Bearer abc"}, {}, id="another scheme"),
        pytest.param({}, {"client_id": "demo-service"}, id="confidential without secret"),
        pytest.param({}, {"client_id": "demo-service", "client_secret": "x"}, id="wrong post"),
        pytest.param({}, {"client_id": "demo-cli", "client_secret": "x"}, id="public by post"),
    ],
)
async def test_failed_client_authentication_gets_the_same_401_for_every_reason(
    harness: Harness, endpoint: str, headers: dict[str, str], data: dict[str, str]
) -> None:
    """Status, challenge and text are the same whatever failed."""
    response = await harness.post(endpoint, headers, **ITSELF, **data, token="any")
    assert error_of(response) == (401, "invalid_client")
    assert response.json()["error_description"] == "Client authentication failed."
    assert response.headers["www-authenticate"] == 'Basic realm="authorization server"'
    assert response.headers["cache-control"] == "no-store"


async def test_two_authentication_methods_in_one_request_are_rejected(harness: Harness) -> None:
    """A secret in the header and another in the body is an invalid request (RFC 6749 §2.3)."""
    response = await harness.post("token", basic("demo-service"), **ITSELF, client_secret=SECRET)
    assert error_of(response) == (400, "invalid_request")
    twice = [("Authorization", value) for value in basic("demo-service").values()] * 2
    response = await harness.http.post(f"{OAUTH}/token", data=ITSELF, headers=twice)
    assert error_of(response) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("method", "other"),
    [("client_secret_basic", "client_secret_post"), ("client_secret_post", "client_secret_basic")],
)
async def test_client_using_another_method_than_it_registered_is_rejected(
    harness: Harness, method: str, other: str
) -> None:
    """The right secret in the wrong place does not authenticate."""
    metadata = {"grant_types": ["client_credentials"], "token_endpoint_auth_method": method}
    client = ok_json(await harness.http.post(f"{OAUTH}/register", json=metadata))
    client_id, secret = client["client_id"], client["client_secret"]
    ways = {
        "client_secret_basic": (basic(client_id, secret), {}),
        "client_secret_post": ({}, {"client_id": client_id, "client_secret": secret}),
    }
    headers, data = ways[method]
    ok_json(await harness.post("token", headers, **ITSELF, **data))
    headers, data = ways[other]
    assert error_of(await harness.post("token", headers, **ITSELF, **data)) == (
        401,
        "invalid_client",
    )
