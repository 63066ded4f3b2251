"""Client registration by programs (RFC 7591): what is accepted, and what works afterwards."""

import json
from typing import Any

import httpx
import pytest

from tests.acceptance.demo.authorization_server.harness import (
    OAUTH,
    VERIFIER,
    Harness,
    basic,
    error_of,
    ok_json,
    redirect_parameters,
)

CALLBACK = ["https://client.example/cb"]


async def register(harness: Harness, metadata: Any) -> httpx.Response:
    """Register what *metadata* says."""
    headers = {"Content-Type": "application/json"}
    return await harness.http.post(
        f"{OAUTH}/register", content=json.dumps(metadata), headers=headers
    )


async def test_registered_client_completes_the_code_flow(harness: Harness) -> None:
    """The response holds everything that was registered, and the secret once."""
    metadata = {
        "client_name": "Payroll",
        "redirect_uris": CALLBACK,
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "read write",
        "logo_uri": "https://client.example/logo.png",
    }
    response = await register(harness, metadata)
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    client = response.json()
    client_id, secret = client.pop("client_id"), client.pop("client_secret")
    assert client == {
        "client_name": "Payroll",
        "redirect_uris": CALLBACK,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": "read write",
        "token_endpoint_auth_method": "client_secret_basic",
        "client_id_issued_at": int(harness.clock.now),
        "client_secret_expires_at": 0,
    }
    parameters = await harness.consent(client_id, scope="write")
    data = {"grant_type": "authorization_code", "code_verifier": VERIFIER}
    token = ok_json(
        await harness.post("token", basic(client_id, secret), **data, code=parameters["code"])
    )
    assert token["scope"] == "write"
    assert token["refresh_token"]


async def test_registration_with_redirect_uris_only_gets_defaults(harness: Harness) -> None:
    """A missing member gets the default of RFC 7591, or the least privilege."""
    client = ok_json(await register(harness, {"redirect_uris": CALLBACK}))
    assert client["grant_types"] == ["authorization_code"]
    assert client["response_types"] == ["code"]
    assert client["token_endpoint_auth_method"] == "client_secret_basic"
    assert client["scope"] == "read"
    page = await harness.sign_in(await harness.authorize(client["client_id"]))
    code = redirect_parameters(await harness.submit(page, action="allow"))["code"]
    headers = basic(client["client_id"], client["client_secret"])
    data = {"grant_type": "authorization_code", "code_verifier": VERIFIER, "code": code}
    assert "refresh_token" not in ok_json(await harness.post("token", headers, **data))


async def test_registered_public_client_gets_no_secret(harness: Harness) -> None:
    """Its code is redeemed with PKCE alone."""
    metadata = {"redirect_uris": CALLBACK, "token_endpoint_auth_method": "none"}
    client = ok_json(await register(harness, metadata))
    assert "client_secret" not in client
    assert "client_secret_expires_at" not in client
    code = (await harness.consent(client["client_id"]))["code"]
    ok_json(await harness.redeem(code, client["client_id"]))


async def test_public_client_may_request_more_than_it_registered(harness: Harness) -> None:
    """A person consents to each request, so the registered scope is its default only."""
    metadata = {"redirect_uris": CALLBACK, "token_endpoint_auth_method": "none", "scope": "write"}
    client = ok_json(await register(harness, metadata))
    assert client["scope"] == "openid read write"
    assert (await harness.tokens(client["client_id"]))["scope"] == "write"
    more = await harness.tokens(client["client_id"], scope="read write")
    assert more["scope"] == "read write"


async def test_registered_client_is_limited_to_its_scope(harness: Harness) -> None:
    """Another scope is rejected; its own is the default."""
    metadata = {"grant_types": ["client_credentials"], "scope": "write"}
    client = ok_json(await register(harness, metadata))
    headers = basic(client["client_id"], client["client_secret"])
    data = {"grant_type": "client_credentials"}
    assert ok_json(await harness.post("token", headers, **data))["scope"] == "write"
    more = await harness.post("token", headers, **data, scope="read")
    assert error_of(more) == (400, "invalid_scope")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"redirect_uris": []}, "invalid_redirect_uri", id="no redirect_uri"),
        pytest.param({"redirect_uris": ["http://a.test/"]}, "invalid_redirect_uri", id="http"),
        pytest.param({"redirect_uris": "https://a.test"}, "invalid_client_metadata", id="text"),
        pytest.param({"redirect_uris": [1]}, "invalid_client_metadata", id="number"),
        pytest.param({"redirect_uris": CALLBACK * 11}, "invalid_client_metadata", id="eleven"),
        pytest.param({"grant_types": ["password"]}, "invalid_client_metadata", id="password"),
        pytest.param({"grant_types": ["implicit"]}, "invalid_client_metadata", id="implicit"),
        pytest.param({"grant_types": []}, "invalid_client_metadata", id="no grant"),
        pytest.param({"grant_types": [{}]}, "invalid_client_metadata", id="grant, no text"),
        pytest.param({"grant_types": ["refresh_token"]}, "invalid_client_metadata", id="refresh"),
        pytest.param({"response_types": ["token"]}, "invalid_client_metadata", id="token"),
        pytest.param({"response_types": []}, "invalid_client_metadata", id="no response"),
        pytest.param({"scope": "read admin"}, "invalid_client_metadata", id="unknown scope"),
        pytest.param({"scope": 5}, "invalid_client_metadata", id="scope, no text"),
        pytest.param({"scope": " "}, "invalid_client_metadata", id="empty scope"),
        pytest.param({"client_name": "a\nb"}, "invalid_client_metadata", id="name of two lines"),
        pytest.param({"client_name": "\ud800"}, "invalid_client_metadata", id="half a letter"),
        pytest.param({"client_name": "x" * 201}, "invalid_client_metadata", id="long name"),
        pytest.param({"client_name": None}, "invalid_client_metadata", id="null name"),
        pytest.param(
            {"token_endpoint_auth_method": "private_key_jwt"},
            "invalid_client_metadata",
            id="unknown method",
        ),
        pytest.param(
            {"token_endpoint_auth_method": "none", "grant_types": ["client_credentials"]},
            "invalid_client_metadata",
            id="public client for itself",
        ),
    ],
)
async def test_invalid_client_metadata_is_rejected_with_its_error_code(
    harness: Harness, changes: dict[str, Any], error: str
) -> None:
    """The codes are those of RFC 7591 §3.2.2."""
    response = await register(harness, {"redirect_uris": CALLBACK} | changes)
    assert error_of(response) == (400, error)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"{}", id="nothing in it"),
        pytest.param(b"\xff", id="no text"),
        pytest.param(b"[" * 60_000, id="deep"),
    ],
)
async def test_registration_body_that_is_no_json_object_is_rejected(
    harness: Harness, body: bytes
) -> None:
    """The status is 400."""
    headers = {"Content-Type": "application/json"}
    response = await harness.http.post(f"{OAUTH}/register", content=body, headers=headers)
    assert response.status_code == 400
