"""How a client proves itself, and how it fails to."""

import base64

import pytest

from tests.acceptance.demo.authorization_server.stage import (
    CAST,
    OAUTH,
    Stage,
    accepted,
    basic,
    refused,
)

ITSELF = {"grant_type": "client_credentials"}
SECRET = CAST["clients"]["demo-service"]["client_secret"]


def raw_basic(words: bytes) -> dict[str, str]:
    """Return a Basic header around *words*, encoded no further."""
    return {"Authorization": f"Basic {base64.b64encode(words).decode()}"}


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
async def test_a_client_proves_itself_with_its_secret(
    stage: Stage, headers: dict[str, str], data: dict[str, str]
) -> None:
    """In the header or in the body, whatever letters the secret holds."""
    accepted(await stage.post("token", headers, **ITSELF, **data))


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
async def test_a_client_that_cannot_prove_itself_gets_one_answer(
    stage: Stage, endpoint: str, headers: dict[str, str], data: dict[str, str]
) -> None:
    """401 with a challenge, the same text for every reason."""
    response = await stage.post(endpoint, headers, **ITSELF, **data, token="any")
    assert refused(response) == (401, "invalid_client")
    assert response.json()["error_description"] == "Client authentication failed."
    assert response.headers["www-authenticate"] == 'Basic realm="authorization server"'
    assert response.headers["cache-control"] == "no-store"


async def test_a_client_proves_itself_in_one_way_at_a_time(stage: Stage) -> None:
    """A secret in the header and another in the body is a bad request (RFC 6749 §2.3)."""
    response = await stage.post("token", basic("demo-service"), **ITSELF, client_secret=SECRET)
    assert refused(response) == (400, "invalid_request")
    twice = [("Authorization", value) for value in basic("demo-service").values()] * 2
    response = await stage.http.post(f"{OAUTH}/token", data=ITSELF, headers=twice)
    assert refused(response) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("method", "other"),
    [("client_secret_basic", "client_secret_post"), ("client_secret_post", "client_secret_basic")],
)
async def test_a_client_keeps_to_the_method_it_registered(
    stage: Stage, method: str, other: str
) -> None:
    """The same secret is worth nothing in the other place."""
    metadata = {"grant_types": ["client_credentials"], "token_endpoint_auth_method": method}
    client = accepted(await stage.http.post(f"{OAUTH}/register", json=metadata))
    client_id, secret = client["client_id"], client["client_secret"]
    ways = {
        "client_secret_basic": (basic(client_id, secret), {}),
        "client_secret_post": ({}, {"client_id": client_id, "client_secret": secret}),
    }
    headers, data = ways[method]
    accepted(await stage.post("token", headers, **ITSELF, **data))
    headers, data = ways[other]
    assert refused(await stage.post("token", headers, **ITSELF, **data)) == (401, "invalid_client")
